"""What a place forbids messages: its threads, AutoMod, old messages, and a hidden history."""

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import (
    BLOCKED_BY_AUTOMOD,
    REPLY_WITHOUT_HISTORY,
    THREAD_ARCHIVED,
    THREAD_LOCKED,
    TOO_MANY_OLD_EDITS,
    ApiError,
    RateLimited,
)
from deploy.local.discord.rules.messages import visible_texts
from deploy.local.discord.rules.permissions import THREADS, Permission
from deploy.local.discord.state.guild import Guild
from deploy.local.discord.state.snowflakes import Clock
from deploy.local.discord.state.world import World

HOUR = 3600.0


class MessagePolicy:
    """Raises ApiError for what Discord refuses because of where, when and by whom it is done."""

    def __init__(self, guild: Guild, world: World, clock: Clock) -> None:
        self._guild, self._world, self._clock = guild, world, clock

    def check_open(self, author: str, channel: Json) -> None:
        """Refuse a message in a locked thread, unless its author may manage threads."""
        if channel["type"] in THREADS and channel["thread_metadata"]["locked"]:
            allowed = self._guild.permissions(author, channel)
            if not allowed & Permission.MANAGE_THREADS:
                raise ApiError(*THREAD_LOCKED)

    def check_reply(self, author: str, channel: Json) -> None:
        """Refuse a reply of an author who may not read the history."""
        if not self._guild.permissions(author, channel) & Permission.READ_MESSAGE_HISTORY:
            raise ApiError(*REPLY_WITHOUT_HISTORY)

    def check_words(self, message: Json, channel: Json) -> None:
        """Refuse a message with a word that the guild's AutoMod blocks."""
        guild = self._guild.of_channel(channel)
        text = "\n".join(visible_texts(message)).lower()
        words = guild.get("automod_words", []) if guild else []
        if any(word.lower() in text for word in words):
            raise ApiError(*BLOCKED_BY_AUTOMOD)

    def check_editable(self, record: Json) -> None:
        """Refuse a change of a message in an archived thread."""
        channel = self._guild.channel(record["message"]["channel_id"])
        if channel["type"] in THREADS and channel["thread_metadata"]["archived"]:
            raise ApiError(*THREAD_ARCHIVED)

    def count_late_edit(self, record: Json) -> None:
        """Refuse one edit too many of a message that is more than an hour old."""
        now = self._clock.now()
        if now - record.get("posted", 0) < HOUR:
            return
        recent = [time for time in record.get("late_edits", []) if now - time < HOUR]
        if len(recent) >= self._world.old_message_edits:
            raise RateLimited(self._world.old_edit_retry_after, *TOO_MANY_OLD_EDITS)
        record["late_edits"] = [*recent, now]
