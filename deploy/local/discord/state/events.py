"""Events: dispatched to the bot's gateway sessions, and published to the members' clients."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from deploy.local.discord import Json

KEPT = 4096


@dataclass(frozen=True)
class MemberEvent:
    """One event for members' clients; member is the only one who may see it (None: everyone)."""

    number: int
    type: str
    data: Json
    channel: str | None = None
    member: str | None = None


class EventDispatcher:
    """Passes events on; the latest for members are kept, so that a client can catch up."""

    def __init__(self) -> None:
        self._events: deque[MemberEvent] = deque(maxlen=KEPT)
        self._count = 0
        self._published = asyncio.Event()
        self._listeners: list[Callable[[str, Json], None]] = []

    @property
    def count(self) -> int:
        """The number of the latest member event."""
        return self._count

    def on_dispatch(self, listener: Callable[[str, Json], None]) -> None:
        """Call `listener` with the type and data of every gateway event."""
        self._listeners.append(listener)

    def dispatch(self, kind: str, data: Json) -> None:
        """Send a gateway event to the bot."""
        for listener in self._listeners:
            listener(kind, data)

    def publish(
        self, kind: str, data: Json, *, channel: str | None = None, member: str | None = None
    ) -> None:
        """Send an event to the members' clients."""
        self._count += 1
        self._events.append(MemberEvent(self._count, kind, data, channel, member))
        self._published.set()
        self._published = asyncio.Event()

    def publish_change(self, what: str, key: str) -> None:
        """Tell the members' clients that a guild, channel or member is another one now."""
        self.publish("STATE", {"changed": what, "id": key})

    async def subscribe(self, after: int) -> AsyncIterator[MemberEvent]:
        """Yield every event with a greater number, those to come included."""
        while True:
            published = self._published
            fresh = [event for event in self._events if event.number > after]
            for event in fresh:
                after = event.number
                yield event
            if not fresh:
                await published.wait()
