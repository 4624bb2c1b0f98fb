"""Reactions: who put which emoji under which message."""

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import UNKNOWN_EMOJI, ApiError
from deploy.local.discord.state.event_bus import Hub
from deploy.local.discord.state.guild import GUILD, World
from deploy.local.discord.state.messages import Messages


class Reactions:
    """Adds and removes reactions, and tells bot and people of each."""

    def __init__(self, world: World, hub: Hub, messages: Messages) -> None:
        self._world, self._hub, self._messages = world, hub, messages

    def add(self, who: str, record: Json, emoji: str) -> None:
        """Put an emoji under a message; twice is once."""
        if not emoji or len(emoji) > 100 or (emoji.isascii() and ":" not in emoji):
            raise ApiError(*UNKNOWN_EMOJI)
        present = record["reactors"].setdefault(emoji, [])
        if who in present:
            return
        present.append(who)
        self._tell("MESSAGE_REACTION_ADD", who, record, emoji)

    def remove(self, who: str, record: Json, emoji: str) -> None:
        """Take an emoji back."""
        present = record["reactors"].get(emoji, [])
        if who not in present:
            return
        present.remove(who)
        if not present:
            del record["reactors"][emoji]
        self._tell("MESSAGE_REACTION_REMOVE", who, record, emoji)

    def _tell(self, kind: str, who: str, record: Json, emoji: str) -> None:
        self._messages.save(record)
        message = record["message"]
        channel = message["channel_id"]
        data: Json = {
            "user_id": who,
            "channel_id": channel,
            "message_id": message["id"],
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        self._hub.tell_people(kind, data, channel=channel, only=record["only"])
        if record["only"]:
            return
        added = kind == "MESSAGE_REACTION_ADD"
        if added:
            data["message_author_id"] = message["author"]["id"]
        if "guild_id" in self._world.channel(channel):
            data["guild_id"] = GUILD
            if added:
                data["member"] = self._world.shown_member(who)
        self._hub.tell_bot(kind, data)
