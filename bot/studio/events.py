"""Announcements: tells whoever listens in this process what happens to jobs.

Use cases and dispatch announce; deliveries listen. Nothing here is kept: what was missed is read
from the database.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from storage.domain.advice import Advice
from storage.domain.job import Job
from storage.domain.progress import Progress


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job took a step; advice comes with the step that began it."""

    job: Job
    advice: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A running job came further."""

    job: str
    progress: Progress


News: TypeAlias = JobChanged | JobMoved


class Subscription:
    """One listener's stream of news; it begins with the subscription, not with the first read."""

    def __init__(self, announcements: Announcements) -> None:
        self._announcements = announcements
        self._queue: asyncio.Queue[News] = asyncio.Queue()

    def put(self, news: News) -> None:
        """Add a piece of news for this listener."""
        self._queue.put_nowait(news)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> News:
        return await self._queue.get()

    def close(self) -> None:
        """Stop listening."""
        self._announcements.drop(self)


class Announcements:
    """Hands each piece of news to every listener."""

    def __init__(self) -> None:
        self._listeners: list[Subscription] = []

    def publish(self, news: News) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener.put(news)

    def subscribe(self) -> Subscription:
        """Return a new listener's stream; close it, or leave its `with` block, to stop."""
        listener = Subscription(self)
        self._listeners.append(listener)
        return listener

    def drop(self, listener: Subscription) -> None:
        """Forget a listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)
