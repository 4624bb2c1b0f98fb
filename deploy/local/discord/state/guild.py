"""The one guild: its members and channels, the bot, and everybody's permissions."""

from collections.abc import Iterator

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import (
    MISSING_ACCESS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    ApiError,
)
from deploy.local.discord.rules.permissions import DEFAULT_PERMISSIONS, Permission, compute
from deploy.local.discord.state import objects
from deploy.local.discord.state.document_store import Collection, DocumentStore
from deploy.local.discord.state.snowflakes import Snowflakes

GUILD = "1100000000000000001"
BOT = "1100000000000000010"
BOT_ROLE = "1100000000000000011"
STUDIO, GALLERY, NO_BOTS = (f"110000000000000002{digit}" for digit in (0, 1, 2))
ADA, LIN, SAM = (f"110000000000000003{digit}" for digit in (0, 1, 2))
DIRECT_PERMISSIONS = DEFAULT_PERMISSIONS & ~int(Permission.USE_EXTERNAL_APPS)
PRIVATE_FIELDS = ("locale", "takes_direct")


class Guild:
    """Guild, members and channels; an empty store is filled with a small example guild."""

    def __init__(self, store: DocumentStore, ids: Snowflakes) -> None:
        self._ids = ids
        self._guilds = Collection(store, "guild")
        self.members = Collection(store, "member")
        self.channels = Collection(store, "channel")
        self.bot = objects.user(BOT, "mutoscope", "Mutoscope", bot=True)
        if GUILD not in self._guilds:
            self._create_example()

    def _create_example(self) -> None:
        guild = objects.guild(GUILD, "Local studio", ADA, STUDIO)
        bot_role = objects.role(BOT_ROLE, "Mutoscope", DEFAULT_PERMISSIONS, 1, managed=True)
        bot_role["tags"] = {"bot_id": BOT}
        guild["roles"].append(bot_role)
        self._guilds.put(GUILD, guild)
        self._add_member(self.bot, [BOT_ROLE], "en-US")
        self._add_member(objects.user(ADA, "ada", "Ada"), [], "en-US")
        self._add_member(objects.user(LIN, "lin", "林小雨"), [], "zh-CN")
        self._add_member(objects.user(SAM, "sam", "Sam"), [], "en-US")
        channels = (
            (STUDIO, "studio", "Make pictures move"),
            (GALLERY, "gallery", "Show what came out"),
            (NO_BOTS, "no-bots", "The bot may not write or attach here"),
        )
        for position, (key, name, topic) in enumerate(channels):
            channel = objects.text_channel(key, GUILD, name, topic, position)
            if key == NO_BOTS:
                denied = objects.overwrite(BOT, 0, objects.MUTED, is_member=True)
                channel["permission_overwrites"].append(denied)
            self.channels.put(key, channel)

    def _add_member(self, user: Json, roles: list[str], locale: str) -> Json:
        record = {**objects.member(user, roles), "locale": locale, "takes_direct": True}
        return self.members.put(user["id"], record)

    def join(self, name: str, locale: str) -> Json:
        """Add a new member and return their record."""
        return self._add_member(objects.user(self._ids.next(), name.lower(), name), [], locale)

    @property
    def json(self) -> Json:
        """The guild object; call `save` after a change to it."""
        return self._guilds[GUILD]

    def save(self) -> None:
        """Store the guild object."""
        self._guilds.put(GUILD, self.json)

    @property
    def upload_limit(self) -> int:
        """The most bytes that one uploaded file may have."""
        return objects.UPLOAD_LIMITS[self.json["premium_tier"]]

    def member_record(self, key: str) -> Json:
        """Return a member with the stand-in's private fields."""
        found = self.members.get(key)
        if found is None:
            raise ApiError(*UNKNOWN_MEMBER)
        return found

    def user(self, key: str) -> Json:
        """Return the user of this id."""
        found = self.members.get(key)
        if found is None:
            raise ApiError(*UNKNOWN_USER)
        user: Json = found["user"]
        return user

    def member(self, key: str) -> Json:
        """Return a member as Discord shows them."""
        record = self.member_record(key)
        return {name: record[name] for name in record if name not in PRIVATE_FIELDS}

    def partial_member(self, key: str) -> Json:
        """Return a member without the user inside, as messages carry it."""
        return {name: value for name, value in self.member(key).items() if name != "user"}

    def people(self) -> Iterator[Json]:
        """Yield the record of every member but the bot."""
        return (entry for entry in self.members if entry["user"]["id"] != BOT)

    def channel(self, key: str) -> Json:
        """Return the channel of this id."""
        found = self.channels.get(key)
        if found is None:
            raise ApiError(*UNKNOWN_CHANNEL)
        return found

    def direct_channel(self, user: str) -> Json:
        """Return the private channel of the bot and this user; create it if there is none."""
        recipient = self.user(user)
        for channel in self.channels:
            if channel["type"] == objects.DIRECT and channel["recipients"][0]["id"] == user:
                return channel
        key = self._ids.next()
        return self.channels.put(key, objects.direct_channel(key, recipient))

    def permissions(self, user: str, channel: Json) -> int:
        """Return the bits of what this user may do in this channel."""
        if channel["type"] == objects.DIRECT:
            inside = {BOT, channel["recipients"][0]["id"]}
            return DIRECT_PERMISSIONS if user in inside else 0
        return compute(self.json, self.member_record(user), channel)

    def visible_channel(self, user: str, key: str) -> Json:
        """Return a channel; raise Missing Access where this user may not see it."""
        channel = self.channel(key)
        if not self.permissions(user, channel) & Permission.VIEW_CHANNEL:
            raise ApiError(*MISSING_ACCESS)
        return channel

    def text_channels(self) -> list[Json]:
        """Return the guild's channels, in order."""
        found = [entry for entry in self.channels if entry["type"] == objects.TEXT]
        return sorted(found, key=lambda entry: int(entry["position"]))

    def guild_create(self) -> Json:
        """Return the data of GUILD_CREATE."""
        return {
            **self.json,
            "joined_at": objects.JOINED,
            "large": False,
            "unavailable": False,
            "member_count": len(list(self.members)),
            "members": [self.member(entry["user"]["id"]) for entry in self.members],
            "channels": self.text_channels(),
            "voice_states": [],
            "threads": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
