"""The bot's end of the gateway: sessions that say hello, hear events, and resume."""

import asyncio
import secrets
from collections import deque

from deploy.local.discord import Json
from deploy.local.discord.state.event_bus import Hub
from deploy.local.discord.state.guild import BOT, GUILD, World

GUILD_MESSAGES, GUILD_REACTIONS, DIRECT_MESSAGES, DIRECT_REACTIONS = (
    1 << 9,
    1 << 10,
    1 << 12,
    1 << 13,
)
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
HEARTBEAT_MS = 41_250
KEPT = 2000
NEEDS = {
    "MESSAGE_CREATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_UPDATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_DELETE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_REACTION_ADD": (GUILD_REACTIONS, DIRECT_REACTIONS),
    "MESSAGE_REACTION_REMOVE": (GUILD_REACTIONS, DIRECT_REACTIONS),
}


class Session:
    """One identified client: its intents and the events it was sent, by number."""

    def __init__(self, intents: int) -> None:
        self.key = secrets.token_hex(16)
        self.intents = intents
        self.connected = True
        self.count = 0
        self.log: deque[tuple[int, Json]] = deque(maxlen=KEPT)
        self.news = asyncio.Event()

    def hear(self, kind: str, data: Json) -> None:
        """Note an event for sending, if the client's intents ask for it."""
        needs = NEEDS.get(kind)
        if needs and not self.intents & needs["guild_id" not in data]:
            return
        self.count += 1
        self.log.append((self.count, {"op": 0, "s": self.count, "t": kind, "d": data}))
        self.news.set()

    def can_replay(self, after: int) -> bool:
        """Whether every event since that number is still known."""
        oldest = self.log[0][0] if self.log else self.count + 1
        return oldest - 1 <= after <= self.count


class Gateway:
    """All sessions of the bot."""

    def __init__(self, world: World, hub: Hub) -> None:
        self._world, self._hub = world, hub
        self._sessions: dict[str, Session] = {}
        self.url = ""
        hub.on_dispatch(self._dispatch)

    @property
    def online(self) -> bool:
        """Whether the bot is connected."""
        return any(session.connected for session in self._sessions.values())

    def _dispatch(self, kind: str, data: Json) -> None:
        for session in self._sessions.values():
            session.hear(kind, data)

    def identify(self, intents: int, shard: list[int] | None) -> Session:
        """Open a session and tell it of itself and the guild."""
        for old in [s for s in self._sessions.values() if not s.connected]:
            del self._sessions[old.key]
        session = Session(intents)
        self._sessions[session.key] = session
        ready: Json = {
            "v": 10,
            "user": {**self._world.bot, "verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": GUILD, "unavailable": True}],
            "session_id": session.key,
            "resume_gateway_url": self.url,
            "application": {"id": BOT, "flags": 0, "flags_new": "0"},
        }
        if shard:
            ready["shard"] = shard
        session.hear("READY", ready)
        session.hear("GUILD_CREATE", self._world.guild_created())
        self.tell_presence()
        return session

    def resume(self, key: str, after: int) -> Session | None:
        """Take a session up again, or None where it is lost."""
        session = self._sessions.get(key)
        if session is None or not session.can_replay(after):
            return None
        session.connected = True
        session.hear("RESUMED", {})
        self.tell_presence()
        return session

    def leave(self, session: Session, *, for_good: bool) -> None:
        """The client's connection ended; a session may be resumed unless closed for good."""
        session.connected = False
        if for_good:
            self._sessions.pop(session.key, None)
        self.tell_presence()

    def tell_presence(self) -> None:
        """Let people see whether the bot is there."""
        self._hub.tell_people("BOT", {"online": self.online})

    def guild_changed(self, kind: str, data: Json) -> None:
        """Tell the bot of a change to its guild, a channel or a member."""
        self._hub.tell_bot(kind, data)
