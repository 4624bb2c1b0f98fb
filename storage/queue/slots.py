"""The order in which a worker's orders get its engine, one at a time.

An order is taken a little before the engine is free, so that its picture is fetched by then, and
stays with the worker after its slot, while its frames are encoded and stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum


class Capacity(Enum):
    """Which order a worker may take."""

    NONE = "none"
    SPARE = "spare"  # one that no idle worker takes: the engine is free soon, not now
    FREE = "free"  # any: the engine is free


class EngineSlot:
    """One order's exclusive use of the engine: requested, acquired, released."""

    def __init__(self, queue: SlotQueue, on_acquired: Callable[[], None]) -> None:
        """Wait in the queue; on_acquired is called once."""
        self._queue = queue
        self._on_acquired = on_acquired
        self.acquired = asyncio.Event()
        self.free_soon = False

    def announce_free_soon(self) -> None:
        """Let another order be fetched: this one releases the engine in a moment."""
        self.free_soon = True

    def release(self) -> None:
        """Pass the engine on, or give up waiting for it; further calls do nothing."""
        self._queue.remove(self)

    def acquire(self) -> None:
        """Mark the slot as acquired, if it is not yet."""
        if not self.acquired.is_set():
            self.acquired.set()
            self._on_acquired()


class SlotQueue:
    """First in, first out: the first slot has the engine, the others wait for it."""

    def __init__(self) -> None:
        """Start empty."""
        self._slots: list[EngineSlot] = []

    def request(self, on_acquired: Callable[[], None]) -> EngineSlot:
        """Return a slot at the end of the queue; it is acquired at once if it is alone."""
        slot = EngineSlot(self, on_acquired)
        self._slots.append(slot)
        self._slots[0].acquire()
        return slot

    def remove(self, slot: EngineSlot) -> None:
        """Take a slot out, acquired or not, and let the first of the others acquire the engine."""
        if slot in self._slots:
            self._slots.remove(slot)
        if self._slots:
            self._slots[0].acquire()

    def capacity(self) -> Capacity:
        """Return what may be requested now."""
        if not self._slots:
            return Capacity.FREE
        if all(slot.acquired.is_set() and slot.free_soon for slot in self._slots):
            return Capacity.SPARE
        return Capacity.NONE
