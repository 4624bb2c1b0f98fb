"""Carries changes of jobs from one bot's event bus to the others', over Redis."""

from __future__ import annotations

import asyncio
import logging
import secrets

from bot.studio.events import EventBus, JobChanged
from storage.codec import CodecError
from storage.database.jobs import Jobs
from storage.domain.errors import JobGone, Unavailable
from storage.logs import log_job
from storage.queue.client import Queue
from storage.queue.messages.events import Changed

log = logging.getLogger(__name__)


class ChangeRelay:
    """Announces the changes that this process made, and publishes those of others on its bus.

    It is a short cut: while Redis is away nothing is announced, and whoever must know of a change
    finds it in the database.
    """

    def __init__(self, jobs: Jobs, queue: Queue, events: EventBus) -> None:
        self._jobs = jobs
        self._queue = queue
        self._events = events
        self._process = secrets.token_hex(8)
        self._unsent: dict[str, None] = {}  # ids of jobs
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled, through every outage."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._collect())
            group.create_task(self._send())
            group.create_task(self._receive())

    async def _collect(self) -> None:
        """Note which jobs this process has changed; what was heard is not repeated."""
        with self._events.subscribe() as events:
            async for event in events:
                if isinstance(event, JobChanged) and not event.heard:
                    self._unsent[event.job.id] = None
                    self._changed.set()

    async def _send(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            unsent, self._unsent = self._unsent, {}
            try:
                await self._queue.announce(Changed(job, self._process) for job in unsent)
            except Unavailable as error:
                log.debug("%d changes are not announced: %s", len(unsent), error.key)

    async def _receive(self) -> None:
        async for change in self._queue.changes():
            if change.process == self._process:
                continue
            with log_job(change.job):
                try:
                    job = await self._jobs.get(change.job)
                except (CodecError, JobGone, Unavailable) as error:
                    log.debug("another bot's change is not shown: %r", error)
                else:
                    self._events.publish(JobChanged(job, heard=True))
