"""What happened, told to the bot's gateway sessions and to the people watching."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from deploy.local.discord import Json

KEPT = 4096


@dataclass(frozen=True)
class Event:
    """One thing that happened, and who may hear of it; `only` None means everyone."""

    number: int
    type: str
    data: Json
    channel: str | None = None
    only: str | None = None


class Hub:
    """A short memory of events that any number of watchers read at their own pace."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._count = 0
        self._news = asyncio.Event()
        self._dispatch: list[Callable[[str, Json], None]] = []

    @property
    def count(self) -> int:
        """The number of the latest event."""
        return self._count

    def on_dispatch(self, listener: Callable[[str, Json], None]) -> None:
        """Let a gateway hear what the bot is told."""
        self._dispatch.append(listener)

    def tell_bot(self, kind: str, data: Json) -> None:
        """Send a gateway event to the bot."""
        for listener in self._dispatch:
            listener(kind, data)

    def tell_people(
        self, kind: str, data: Json, *, channel: str | None = None, only: str | None = None
    ) -> None:
        """Let the watching members know."""
        self._count += 1
        self._events.append(Event(self._count, kind, data, channel, only))
        self._news.set()
        self._news = asyncio.Event()

    async def follow(self, after: int) -> AsyncIterator[Event]:
        """Every event with a greater number, those to come included."""
        while True:
            news = self._news
            fresh = [event for event in self._events if event.number > after]
            for event in fresh:
                after = event.number
                yield event
            if not fresh:
                await news.wait()
