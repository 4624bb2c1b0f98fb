"""Reactions under messages: one user and emoji at most once."""

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import UNKNOWN_EMOJI, ApiError
from deploy.local.discord.state.events import EventDispatcher
from deploy.local.discord.state.guild import Guild
from deploy.local.discord.state.messages import MessageStore


class MessageReactions:
    """Adds and removes reactions; each change is sent to the bot and to members' clients."""

    def __init__(self, guild: Guild, events: EventDispatcher, messages: MessageStore) -> None:
        self._guild, self._events, self._messages = guild, events, messages

    def add(self, user: str, record: Json, emoji: str) -> None:
        """Add a user's reaction; a second time changes nothing."""
        if not emoji or len(emoji) > 100 or (emoji.isascii() and ":" not in emoji):
            raise ApiError(*UNKNOWN_EMOJI)
        self._messages.policy.check_editable(record)
        users = record["reactors"].setdefault(emoji, [])
        if user in users:
            return
        users.append(user)
        self._announce("MESSAGE_REACTION_ADD", user, record, emoji)

    def remove(self, user: str, record: Json, emoji: str) -> None:
        """Remove a user's reaction, if it exists."""
        users = record["reactors"].get(emoji, [])
        if user not in users:
            return
        users.remove(user)
        if not users:
            del record["reactors"][emoji]
        self._announce("MESSAGE_REACTION_REMOVE", user, record, emoji)

    def _announce(self, kind: str, user: str, record: Json, emoji: str) -> None:
        self._messages.save(record)
        message = record["message"]
        channel = message["channel_id"]
        data: Json = {
            "user_id": user,
            "channel_id": channel,
            "message_id": message["id"],
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        self._events.publish(kind, data, channel=channel, member=record["only"])
        if record["only"]:
            return
        added = kind == "MESSAGE_REACTION_ADD"
        data = {**data}
        if added:
            data["message_author_id"] = message["author"]["id"]
        place = self._guild.channel(channel)
        if "guild_id" in place:
            data["guild_id"] = place["guild_id"]
            if added:
                data["member"] = self._guild.member(user)
        self._events.dispatch(kind, data)
