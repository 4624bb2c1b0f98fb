"""The little Discord that there is: one guild, its people and channels, and one bot."""

from collections.abc import Iterator

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import (
    MISSING_ACCESS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    ApiError,
)
from deploy.local.discord.rules.permissions import TALK, Permission, compute
from deploy.local.discord.state import objects
from deploy.local.discord.state.document_store import Drawer, Shelf
from deploy.local.discord.state.snowflakes import Snowflakes

GUILD = "1100000000000000001"
BOT = "1100000000000000010"
BOT_ROLE = "1100000000000000011"
STUDIO, GALLERY, SILENT = (f"110000000000000002{digit}" for digit in (0, 1, 2))
ADA, LIN, SAM = (f"110000000000000003{digit}" for digit in (0, 1, 2))
IN_PRIVATE = TALK & ~int(Permission.USE_EXTERNAL_APPS)


class World:
    """Guild, members and channels, kept on the shelf; made up when the shelf is empty."""

    def __init__(self, shelf: Shelf, ids: Snowflakes) -> None:
        self._ids = ids
        self._guilds = Drawer(shelf, "guild")
        self.members = Drawer(shelf, "member")
        self.channels = Drawer(shelf, "channel")
        self.bot = objects.user(BOT, "mutoscope", "Mutoscope", bot=True)
        if GUILD not in self._guilds:
            self._settle()

    def _settle(self) -> None:
        guild = objects.guild(GUILD, "Local studio", ADA, STUDIO)
        bot_role = objects.role(BOT_ROLE, "Mutoscope", TALK, 1, managed=True)
        bot_role["tags"] = {"bot_id": BOT}
        guild["roles"].append(bot_role)
        self._guilds.put(GUILD, guild)
        self._join(self.bot, [BOT_ROLE], "en-US")
        self._join(objects.user(ADA, "ada", "Ada"), [], "en-US")
        self._join(objects.user(LIN, "lin", "林小雨"), [], "zh-CN")
        self._join(objects.user(SAM, "sam", "Sam"), [], "en-US")
        topics = {STUDIO: "Make pictures move", GALLERY: "Show what came out"}
        for position, (key, name) in enumerate(
            {STUDIO: "studio", GALLERY: "gallery", SILENT: "no-bots"}.items()
        ):
            topic = topics.get(key, "The bot may not write or attach here")
            channel = objects.text_channel(key, GUILD, name, topic, position)
            if key == SILENT:
                entry = objects.overwrite(BOT, 0, objects.MUTED, is_member=True)
                channel["permission_overwrites"].append(entry)
            self.channels.put(key, channel)

    def _join(self, person: Json, roles: list[str], locale: str) -> Json:
        key = person["id"]
        record = {**objects.member(person, roles), "locale": locale, "takes_direct": True}
        return self.members.put(key, record)

    def join(self, name: str, locale: str) -> Json:
        """A new member of the guild."""
        return self._join(objects.user(self._ids.next(), name.lower(), name), [], locale)

    @property
    def guild(self) -> Json:
        """The one guild."""
        return self._guilds[GUILD]

    def save_guild(self) -> None:
        """Write the guild after a change to it."""
        self._guilds.put(GUILD, self.guild)

    @property
    def upload_limit(self) -> int:
        """The most bytes that one uploaded file may have."""
        return objects.UPLOAD_LIMITS[self.guild["premium_tier"]]

    def member(self, key: str) -> Json:
        """The member of that id, with this stand-in's private fields."""
        found = self.members.get(key)
        if found is None:
            raise ApiError(*UNKNOWN_MEMBER)
        return found

    def user(self, key: str) -> Json:
        """The user of that id."""
        found = self.members.get(key)
        if found is None:
            raise ApiError(*UNKNOWN_USER)
        user: Json = found["user"]
        return user

    def shown_member(self, key: str) -> Json:
        """A member as Discord shows them."""
        record = self.member(key)
        return {name: record[name] for name in record if name not in ("locale", "takes_direct")}

    def bare_member(self, key: str) -> Json:
        """A member without the user inside, as messages carry it."""
        return {name: value for name, value in self.shown_member(key).items() if name != "user"}

    def people(self) -> Iterator[Json]:
        """Every member that is not the bot."""
        return (entry for entry in self.members if entry["user"]["id"] != BOT)

    def channel(self, key: str) -> Json:
        """The channel of that id."""
        found = self.channels.get(key)
        if found is None:
            raise ApiError(*UNKNOWN_CHANNEL)
        return found

    def direct(self, person: str) -> Json:
        """The private channel of the bot and this person, made when first asked for."""
        user = self.user(person)
        for channel in self.channels:
            if channel["type"] == objects.DIRECT and channel["recipients"][0]["id"] == person:
                return channel
        key = self._ids.next()
        return self.channels.put(key, objects.direct_channel(key, user))

    def permissions(self, person: str, channel: Json) -> int:
        """What this person may do in this channel, as bits."""
        if channel["type"] == objects.DIRECT:
            inside = {BOT, channel["recipients"][0]["id"]}
            return IN_PRIVATE if person in inside else 0
        return compute(self.guild, self.member(person), channel)

    def visible(self, person: str, key: str) -> Json:
        """A channel, or Missing Access where this person may not see it."""
        channel = self.channel(key)
        if not self.permissions(person, channel) & Permission.VIEW_CHANNEL:
            raise ApiError(*MISSING_ACCESS)
        return channel

    def text_channels(self) -> list[Json]:
        """The guild's channels, in order."""
        found = [entry for entry in self.channels if entry["type"] == objects.TEXT]
        return sorted(found, key=lambda entry: int(entry["position"]))

    def guild_created(self) -> Json:
        """What the gateway tells the bot of its guild."""
        return {
            **self.guild,
            "joined_at": objects.JOINED,
            "large": False,
            "unavailable": False,
            "member_count": len(list(self.members)),
            "members": [self.shown_member(entry["user"]["id"]) for entry in self.members],
            "channels": self.text_channels(),
            "voice_states": [],
            "threads": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
