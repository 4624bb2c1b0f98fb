"""Picker: an arq worker that takes one order at a time, and only when there is room for it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from arq.constants import job_key_prefix
from arq.jobs import DeserializationError, deserialize_job_raw
from arq.worker import Worker, func

from storage.codec import CodecError, loads
from storage.queue.messages import TASK, Order
from storage.queue.slots import Room

HELD_AT_MOST = 4  # one in its turn, one that waits for it, and two that become files
TASKS_AT_MOST = 4 * HELD_AT_MOST  # the same where four share each turn
HEAD_START_SECONDS = 0.25  # an idle worker takes an order within this, several times over

Entry = Callable[..., Awaitable[None]]


class Picker(Worker):
    """Takes what may start at once, and ahead of that only what no idle worker wants.

    An order that lies on the queue for longer than the head start has found every worker busy. Of
    these, one that would share a turn is looked at before it is taken, and only if it is the
    queue's first: the queue's order is the bot's, and nobody is overtaken for company's sake.
    """

    def __init__(
        self, entry: Entry, room: Callable[[], Room], joins: Callable[[Order], bool], **options: Any
    ) -> None:
        """Hand every order to entry while there is room; joins: it may share the next turn."""
        self._entry = entry
        self._room = room
        self._joins = joins
        self._picked: asyncio.Task[Any] | None = None
        self._since: dict[bytes, float] = {}
        super().__init__(
            functions=[func(self._enter, name=TASK)], max_jobs=TASKS_AT_MOST, **options
        )

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Take the first of these orders that may be taken and that nobody else holds."""
        wanted = await self._wanted(job_ids)
        if not wanted:
            return
        before, self.max_jobs = set(self.tasks), self.job_counter + 1
        try:
            await super().start_jobs(wanted)
        finally:
            self.max_jobs = TASKS_AT_MOST
        self._picked = next((self.tasks[name] for name in self.tasks if name not in before), None)

    async def _wanted(self, job_ids: list[bytes]) -> list[bytes]:
        now = time.monotonic()
        self._since = {name: self._since.get(name, now) for name in job_ids}
        if self._picked is not None and not self._picked.done():
            return []  # one is on its way into the room
        room = self._room()
        if room is Room.FREE:
            return job_ids
        left = [name for name in job_ids if now - self._since[name] >= HEAD_START_SECONDS]
        if room is Room.SPARE:
            return left
        joins = room is Room.JOIN and left[:1] == job_ids[:1] != [] and await self._look(left[0])
        return left[:1] if joins else []

    async def _look(self, name: bytes) -> bool:
        """Tell whether an order that is still on the queue may share the next turn."""
        written = await self.pool.get(job_key_prefix + name.decode())
        if written is None:
            return False  # another worker was quicker
        try:
            _task, words, *_ = deserialize_job_raw(written, deserializer=json.loads)
            return self._joins(loads(Order, words[0]))
        except (DeserializationError, CodecError):
            return False  # whoever takes it will say so

    async def _enter(self, *words: Any, **named: Any) -> None:
        entered = self._entry(*words, **named)
        self._picked = None
        await entered
