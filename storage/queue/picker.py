"""Picker: an arq worker that takes one order at a time, and only when there is room for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from arq.worker import Worker, func

from storage.queue.messages import TASK
from storage.queue.slots import Room

HELD_AT_MOST = 4  # one in its turn, one that waits for it, and two that become files
NO_LIMIT = HELD_AT_MOST + 1  # arq's own bound on its tasks, which is never reached
HEAD_START_SECONDS = 0.25  # an idle worker takes an order within this, several times over

Entry = Callable[..., Awaitable[None]]


class Picker(Worker):
    """Takes what may start at once, and ahead of that only what no idle worker wants.

    An order that lies on the queue for longer than the head start has found every worker busy.
    """

    def __init__(self, entry: Entry, room: Callable[[], Room], **options: Any) -> None:
        """Hand every order to entry while there is room."""
        self._entry = entry
        self._room = room
        self._picked: asyncio.Task[Any] | None = None
        self._since: dict[bytes, float] = {}
        super().__init__(functions=[func(self._enter, name=TASK)], max_jobs=NO_LIMIT, **options)

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Take the first of these orders that may be taken and that nobody else holds."""
        wanted = self._wanted(job_ids)
        if not wanted:
            return
        before, self.max_jobs = set(self.tasks), self.job_counter + 1
        try:
            await super().start_jobs(wanted)
        finally:
            self.max_jobs = NO_LIMIT
        self._picked = next((self.tasks[name] for name in self.tasks if name not in before), None)

    def _wanted(self, job_ids: list[bytes]) -> list[bytes]:
        now = time.monotonic()
        self._since = {name: self._since.get(name, now) for name in job_ids}
        if self._picked is not None and not self._picked.done():
            return []  # one is on its way into the room
        room = self._room()
        if room is Room.FREE:
            return job_ids
        if room is Room.NONE:
            return []
        return [name for name in job_ids if now - self._since[name] >= HEAD_START_SECONDS]

    async def _enter(self, *words: Any, **named: Any) -> None:
        entered = self._entry(*words, **named)
        self._picked = None
        await entered
