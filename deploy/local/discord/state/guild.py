"""The guilds: their members and channels, the bot, and everybody's permissions."""

from collections.abc import Iterator
from datetime import datetime

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import (
    MISSING_ACCESS,
    SERVER_UNAVAILABLE,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    ApiError,
)
from deploy.local.discord.rules.permissions import (
    DEFAULT_PERMISSIONS,
    THREADS,
    Permission,
    compute,
)
from deploy.local.discord.state import objects
from deploy.local.discord.state.document_store import Collection, DocumentStore
from deploy.local.discord.state.snowflakes import Snowflakes

GUILD = "1100000000000000001"
BOT = "1100000000000000010"
BOT_ROLE = "1100000000000000011"
STUDIO, GALLERY, NO_BOTS = (f"110000000000000002{digit}" for digit in (0, 1, 2))
ADA, LIN, SAM = (f"110000000000000003{digit}" for digit in (0, 1, 2))
DIRECT_PERMISSIONS = DEFAULT_PERMISSIONS & ~int(Permission.USE_EXTERNAL_APPS)
PRIVATE_FIELDS = ("locale", "takes_direct", "user_install", "premium_type", "left")
PRIVATE_GUILD_FIELDS = ("installed", "outage", "automod_words")


class Guild:
    """Guilds, members and channels; an empty store is filled with a small example guild.

    Every person is a member of every guild, with the same member object. A guild's record holds
    beside the guild object `installed` (the bot is a member), `outage` (the guild is unavailable)
    and `automod_words` (a message with one of them is blocked); a member's record `locale`,
    `takes_direct` (direct messages are accepted), `user_install` and `premium_type` (Nitro).
    """

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

    def add_guild(self, name: str, owner: str, *, installed: bool) -> Json:
        """Create a further guild with one channel and return its record."""
        key, channel = self._ids.next(), self._ids.next()
        self.channels.put(channel, objects.text_channel(channel, key, "lounge", name, 0))
        guild = objects.guild(key, name, owner, channel)
        return self._guilds.put(key, guild | {"installed": installed})

    def add_role(self, guild: Json, name: str, permissions: int) -> Json:
        """Create a role of a guild."""
        role = objects.role(self._ids.next(), name, permissions, len(guild["roles"]))
        guild["roles"].append(role)
        self.save(guild)
        return role

    def add_category(self, guild: Json, name: str) -> Json:
        """Create a category of a guild, for channels whose parent it is to be."""
        key = self._ids.next()
        return self.channels.put(key, objects.category(key, guild["id"], name))

    def add_thread(self, parent: Json, name: str, owner: str, created: str) -> Json:
        """Create a thread under a channel."""
        key = self._ids.next()
        return self.channels.put(key, objects.thread(key, parent, name, owner, created))

    def __iter__(self) -> Iterator[Json]:
        return iter(self._guilds)

    @property
    def json(self) -> Json:
        """The example guild's record; call `save` after a change to it."""
        return self._guilds[GUILD]

    def record(self, key: str) -> Json:
        """Return a guild's record; call `save` after a change to it."""
        return self._guilds.find(key, UNKNOWN_GUILD)

    def of_bot(self, key: str) -> Json:
        """Return a guild as the bot sees it; raise Unknown Guild where it is no member."""
        found = self.record(key)
        if not is_installed(found):
            raise ApiError(*UNKNOWN_GUILD)
        if found.get("outage"):
            raise ApiError(*SERVER_UNAVAILABLE)
        return public_guild(found)

    def of_channel(self, channel: Json) -> Json | None:
        """Return the record of a channel's guild, None for a direct message."""
        return self._guilds[channel["guild_id"]] if "guild_id" in channel else None

    def save(self, guild: Json) -> None:
        """Store a guild's record."""
        self._guilds.put(guild["id"], guild)

    def upload_limit(self, channel: Json, user: str | None = None) -> int:
        """Return the most bytes of a file in a channel, for a person with their own limit."""
        guild = self.of_channel(channel)
        limit = objects.UPLOAD_LIMITS[guild["premium_tier"] if guild else 0]
        premium = self.member_record(user).get("premium_type", 0) if user else 0
        return max(limit, objects.PERSON_LIMITS[premium])

    def member_record(self, key: str) -> Json:
        """Return a member with the stand-in's private fields."""
        return self.members.find(key, UNKNOWN_MEMBER)

    def user(self, key: str) -> Json:
        """Return the user of this id."""
        user: Json = self.members.find(key, UNKNOWN_USER)["user"]
        return user

    def current_member(self, key: str) -> Json:
        """Return a member as Discord shows them; raise Unknown Member for one who has left."""
        if self.member_record(key).get("left"):
            raise ApiError(*UNKNOWN_MEMBER)
        return self.member(key)

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
        return self.channels.find(key, UNKNOWN_CHANNEL)

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
        guild = self.of_channel(channel)
        if guild is None:
            inside = {BOT, channel["recipients"][0]["id"]}
            return DIRECT_PERMISSIONS if user in inside else 0
        if (user == BOT and not is_installed(guild)) or self.member_record(user).get("left"):
            return 0
        return self._computed(guild, self.member_record(user), channel)

    def app_permissions(self, channel: Json) -> int:
        """Return what an interaction names as the app's permissions in a channel.

        Where the bot is no member they are those of @everyone.
        """
        guild = self.of_channel(channel)
        if guild is None or is_installed(guild):
            return self.permissions(BOT, channel)
        return self._computed(guild, objects.member(self.bot, []), channel)

    def _computed(self, guild: Json, member: Json, channel: Json) -> int:
        overwrites = channel
        if channel["type"] in THREADS:
            parent = self.channels[channel["parent_id"]]
            overwrites = {**channel, "permission_overwrites": parent["permission_overwrites"]}
        return compute(guild, member, overwrites, timed_out=self._is_timed_out(member))

    def _is_timed_out(self, member: Json) -> bool:
        until = member["communication_disabled_until"]
        now = self._ids.clock.now()
        return until is not None and datetime.fromisoformat(until).timestamp() > now

    def is_timed_out(self, user: str) -> bool:
        """Tell whether a member is in time-out."""
        return self._is_timed_out(self.member_record(user))

    def visible_channel(self, user: str, key: str) -> Json:
        """Return a channel; raise Missing Access where this user may not see it."""
        channel = self.channel(key)
        guild = self.of_channel(channel)
        if user == BOT and guild is not None and guild.get("outage") and is_installed(guild):
            raise ApiError(*SERVER_UNAVAILABLE)
        if not self.permissions(user, channel) & Permission.VIEW_CHANNEL:
            raise ApiError(*MISSING_ACCESS)
        return channel

    def text_channels(self, guild: str) -> list[Json]:
        """Return a guild's channels and categories, in order."""
        found = [
            entry
            for entry in self.channels
            if entry["type"] in (objects.TEXT, objects.CATEGORY) and entry["guild_id"] == guild
        ]
        return sorted(found, key=lambda entry: int(entry["position"]))

    def visible_places(self, user: str, guild: Json | None) -> list[Json]:
        """Return the channels, categories and threads of a guild that a user sees, with bits."""
        key = guild["id"] if guild is not None else ""
        return [
            {**entry, "permissions": str(self.permissions(user, entry))}
            for entry in self.channels
            if entry.get("guild_id") == key
            and self.permissions(user, entry) & Permission.VIEW_CHANNEL
        ]

    def guild_create(self, guild: Json) -> Json:
        """Return the data of GUILD_CREATE."""
        threads = [
            entry
            for entry in self.channels
            if entry["type"] in THREADS and entry["guild_id"] == guild["id"]
        ]
        return {
            **public_guild(guild),
            "joined_at": objects.JOINED,
            "large": False,
            "unavailable": False,
            "member_count": len(list(self.members)),
            "members": [self.member(entry["user"]["id"]) for entry in self.members],
            "channels": self.text_channels(guild["id"]),
            "voice_states": [],
            "threads": [e for e in threads if not e["thread_metadata"]["archived"]],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


def is_installed(guild: Json) -> bool:
    """Tell whether the bot is a member of a guild."""
    return bool(guild.get("installed", True))


def public_guild(guild: Json) -> Json:
    """Return a guild's record without the stand-in's private fields."""
    return {name: guild[name] for name in guild if name not in PRIVATE_GUILD_FIELDS}
