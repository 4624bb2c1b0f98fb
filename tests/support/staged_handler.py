"""Overlapping: a handler whose orders a test lets go on one by one, from engine to file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from storage.domain.clip import Clip, Failure
from storage.queue.messages import Order
from storage.queue.reporter import ProgressReporter
from tests.support.queue_worker import clip_of, until


@dataclass
class Overlapping:
    """A handler with an engine and a long way from its frames to the file, held by events."""

    frames: dict[str, asyncio.Event] = field(default_factory=dict)
    files: dict[str, asyncio.Event] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def gates(self, *names: str) -> None:
        """Hold these jobs before their frames and before their files."""
        for name in names:
            self.frames[name], self.files[name] = asyncio.Event(), asyncio.Event()

    async def __call__(self, order: Order, reporter: ProgressReporter) -> Clip | Failure:
        name = order.job
        self.log.append(f"{name} taken")
        gates = (reporter.slot.acquired, self.frames[name], self.files[name])
        for gate, word in zip(gates, ("turn", "frames", "file"), strict=True):
            if not await one_of(gate, reporter.cancelled):
                return Failure("failed_cancelled", cancelled=True)
            self.log.append(f"{name} {word}")
            if word == "turn":
                reporter.slot.announce_free_soon()
            if word == "frames":
                reporter.slot.release()
        return clip_of(order)

    async def reaches(self, line: str) -> None:
        """Wait until the log holds this line."""

        async def there() -> bool:
            return line in self.log

        await until(there, True)


async def one_of(gate: asyncio.Event, cancel: asyncio.Event) -> bool:
    """Wait for either; tell whether the gate is open and nobody cancelled."""
    waits = [asyncio.create_task(event.wait()) for event in (gate, cancel)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return not cancel.is_set()
