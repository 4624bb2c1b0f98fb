"""Gateway sessions: identify, the events that were sent, and resume."""

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass
from typing import Self

from deploy.local.discord import Json
from deploy.local.discord.state.events import EventDispatcher
from deploy.local.discord.state.guild import BOT, Guild, is_installed
from deploy.local.discord.state.world import World

GUILD_MEMBERS = 1 << 1
GUILD_MESSAGES, GUILD_REACTIONS = 1 << 9, 1 << 10
DIRECT_MESSAGES, DIRECT_REACTIONS = 1 << 12, 1 << 13
KEPT = 2000
MESSAGES, REACTIONS = (GUILD_MESSAGES, DIRECT_MESSAGES), (GUILD_REACTIONS, DIRECT_REACTIONS)
DISTURBED = frozenset({"INTERACTION_CREATE", "MESSAGE_REACTION_ADD"})
"""Events that the gateway may be made to repeat or delay."""
OF_SESSION = frozenset({"READY", "RESUMED"})
INTENTS = {
    "MESSAGE_CREATE": MESSAGES,
    "MESSAGE_UPDATE": MESSAGES,
    "MESSAGE_DELETE": MESSAGES,
    "MESSAGE_DELETE_BULK": MESSAGES,
    "GUILD_MEMBER_ADD": (GUILD_MEMBERS, GUILD_MEMBERS),
    "GUILD_MEMBER_REMOVE": (GUILD_MEMBERS, GUILD_MEMBERS),
    "MESSAGE_REACTION_ADD": REACTIONS,
    "MESSAGE_REACTION_REMOVE": REACTIONS,
}
"""The intent that an event needs: in the guild, and in private."""


@dataclass(frozen=True)
class Shard:
    """Which guilds a session serves, by their ids; shard 0 has the direct messages too."""

    number: int = 0
    count: int = 1

    @classmethod
    def read(cls, field: object) -> Self:
        """Return the shard of an identify; raise ValueError where there can be no such one."""
        if not isinstance(field, list) or [type(part) for part in field] != [int, int]:
            raise ValueError("not two numbers")
        number, count = field
        if not 0 <= number < count:
            raise ValueError("not one of so many")
        return cls(number, count)

    def serves(self, guild: str | None) -> bool:
        """Tell whether the events of a guild, or of direct messages, come to this shard."""
        return (int(guild or 0) >> 22) % self.count == self.number


class GatewaySession:
    """One identified client: its intents, shard and the latest events by sequence number."""

    def __init__(self, intents: int, shard: Shard) -> None:
        self.key = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.connected = True
        self.sequence = 0
        self.log: deque[tuple[int, Json]] = deque(maxlen=KEPT)
        self.added = asyncio.Event()

    def add(self, kind: str, data: Json) -> None:
        """Append an event for sending, if it is the shard's and the client's intents ask for it."""
        guild = data["id"] if kind.startswith("GUILD_") and "guild_id" not in data else None
        if kind not in OF_SESSION and not self.shard.serves(data.get("guild_id", guild)):
            return
        needed = INTENTS.get(kind)
        if needed and not self.intents & needed["guild_id" not in data]:
            return
        self.sequence += 1
        self.log.append((self.sequence, {"op": 0, "s": self.sequence, "t": kind, "d": data}))
        self.added.set()

    def can_replay(self, after: int) -> bool:
        """Tell whether every event since that number is still kept."""
        oldest = self.log[0][0] if self.log else self.sequence + 1
        return oldest - 1 <= after <= self.sequence


class Gateway:
    """All sessions of the bot."""

    def __init__(self, guild: Guild, events: EventDispatcher, world: World) -> None:
        self._guild, self._events, self._world = guild, events, world
        self._sessions: dict[str, GatewaySession] = {}
        self._identified: dict[int, float] = {}  # monotonic seconds, by shard % max_concurrency
        self.url = ""
        events.on_dispatch(self._dispatch)

    @property
    def online(self) -> bool:
        """Tell whether the bot is connected."""
        return any(session.connected for session in self._sessions.values())

    def _dispatch(self, kind: str, data: Json) -> None:
        """Send an event to every session; of a guild without the bot only interactions."""
        hidden = {guild["id"] for guild in self._guild if not _is_visible(guild)}
        if kind != "INTERACTION_CREATE" and data.get("guild_id") in hidden:
            return
        for session in self._sessions.values():
            for _ in range(1 + self._world.event_repeats if kind in DISTURBED else 1):
                self._send(session, kind, data)

    def _send(self, session: GatewaySession, kind: str, data: Json) -> None:
        if kind in DISTURBED and self._world.event_delay:
            loop = asyncio.get_running_loop()
            loop.call_later(self._world.event_delay, session.add, kind, data)
        else:
            session.add(kind, data)

    def session_limits(self) -> Json:
        """Return how many shards a bot should have, and how many sessions it may start."""
        limit = {"total": 1000, "remaining": 999, "reset_after": 0}
        limit["max_concurrency"] = self._world.max_concurrency
        return {"shards": self._world.shards, "session_start_limit": limit}

    def may_identify(self, shard: Shard) -> bool:
        """Tell whether a shard may identify now, and count it if so."""
        turn, now = shard.number % self._world.max_concurrency, time.monotonic()
        if now - self._identified.get(turn, 0.0) < self._world.identify_seconds:
            return False
        self._identified[turn] = now
        return True

    def identify(self, intents: int, shard: Shard | None) -> GatewaySession:
        """Open a session whose first events are READY and a GUILD_CREATE for each guild."""
        for old in [s for s in self._sessions.values() if not s.connected]:
            del self._sessions[old.key]
        session = GatewaySession(intents, shard or Shard())
        self._sessions[session.key] = session
        mine = (guild for guild in self._guild if session.shard.serves(guild["id"]))
        guilds = [guild for guild in mine if is_installed(guild)]
        ready: Json = {
            "v": 10,
            "user": {**self._guild.bot, "verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds],
            "session_id": session.key,
            "resume_gateway_url": self.url,
            "application": {"id": BOT, "flags": 0, "flags_new": "0"},
        }
        if shard:
            ready["shard"] = [shard.number, shard.count]
        session.add("READY", ready)
        for guild in guilds:
            if _is_visible(guild):
                session.add("GUILD_CREATE", self._guild.guild_create(guild))
        self._publish_presence()
        return session

    def resume(self, key: str, after: int) -> GatewaySession | None:
        """Reconnect a session; None where it or an event after that number is lost."""
        session = self._sessions.get(key)
        if session is None or not session.can_replay(after):
            return None
        session.connected = True
        session.add("RESUMED", {})
        self._publish_presence()
        return session

    def disconnect(self, session: GatewaySession, *, resumable: bool) -> None:
        """Note that the client's connection ended."""
        session.connected = False
        if not resumable:
            self._sessions.pop(session.key, None)
        self._publish_presence()

    def _publish_presence(self) -> None:
        self._events.publish("BOT", {"online": self.online})


def _is_visible(guild: Json) -> bool:
    return is_installed(guild) and not guild.get("outage")
