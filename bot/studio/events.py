"""EventBus: publishes what happens to jobs to the subscribers in this process.

Use cases and dispatch publish, deliveries subscribe. Changes that other bots make come by the
relay (bot/dispatch/relay.py). Nothing is stored: what a subscriber missed, it reads from the
database.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self, TypeAlias

from storage.domain.advice import Advice
from storage.domain.job import Job
from storage.domain.progress import Progress


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job was added or changed its status; advice comes with the event that added it.

    heard: this process did not make the change, and others know of it already.
    """

    job: Job
    advice: tuple[Advice, ...] = ()
    heard: bool = False


@dataclass(frozen=True, slots=True)
class JobProgressed:
    """A running job reported progress; job is its id."""

    job: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class HeldJobsChanged:
    """This bot shows other jobs than before: those of another one that is gone, or none of late."""


JobEvent: TypeAlias = JobChanged | JobProgressed | HeldJobsChanged


class Subscription:
    """An endless async iterator over the events published since it was made."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._queue: asyncio.Queue[JobEvent] = asyncio.Queue()

    def put(self, event: JobEvent) -> None:
        """Queue an event for this subscriber."""
        self._queue.put_nowait(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bus.unsubscribe(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> JobEvent:
        return await self._queue.get()


class EventBus:
    """Hands each event to every subscriber."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def publish(self, event: JobEvent) -> None:
        """Queue an event for every subscriber."""
        for subscription in self._subscriptions:
            subscription.put(event)

    def subscribe(self) -> Subscription:
        """Return a new subscription; leave its `with` block to end it."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop handing events to a subscription."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
