"""Gateway sessions: identify, the events that were sent, and resume."""

import asyncio
import secrets
from collections import deque

from deploy.local.discord import Json
from deploy.local.discord.state.events import EventDispatcher
from deploy.local.discord.state.guild import BOT, Guild, is_installed
from deploy.local.discord.state.world import World

GUILD_MESSAGES, GUILD_REACTIONS = 1 << 9, 1 << 10
DIRECT_MESSAGES, DIRECT_REACTIONS = 1 << 12, 1 << 13
KEPT = 2000
MESSAGES, REACTIONS = (GUILD_MESSAGES, DIRECT_MESSAGES), (GUILD_REACTIONS, DIRECT_REACTIONS)
DISTURBED = frozenset({"INTERACTION_CREATE", "MESSAGE_REACTION_ADD"})
"""Events that the gateway may be made to repeat or delay."""
INTENTS = {
    "MESSAGE_CREATE": MESSAGES,
    "MESSAGE_UPDATE": MESSAGES,
    "MESSAGE_DELETE": MESSAGES,
    "MESSAGE_REACTION_ADD": REACTIONS,
    "MESSAGE_REACTION_REMOVE": REACTIONS,
}
"""The intent that an event needs: in the guild, and in private."""


class GatewaySession:
    """One identified client: its intents and the latest events by sequence number."""

    def __init__(self, intents: int) -> None:
        self.key = secrets.token_hex(16)
        self.intents = intents
        self.connected = True
        self.sequence = 0
        self.log: deque[tuple[int, Json]] = deque(maxlen=KEPT)
        self.added = asyncio.Event()

    def add(self, kind: str, data: Json) -> None:
        """Append an event for sending, if the client's intents ask for it."""
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

    def identify(self, intents: int, shard: list[int] | None) -> GatewaySession:
        """Open a session whose first events are READY and a GUILD_CREATE for each guild."""
        for old in [s for s in self._sessions.values() if not s.connected]:
            del self._sessions[old.key]
        session = GatewaySession(intents)
        self._sessions[session.key] = session
        guilds = [guild for guild in self._guild if is_installed(guild)]
        ready: Json = {
            "v": 10,
            "user": {**self._guild.bot, "verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds],
            "session_id": session.key,
            "resume_gateway_url": self.url,
            "application": {"id": BOT, "flags": 0, "flags_new": "0"},
        }
        if shard:
            ready["shard"] = shard
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
