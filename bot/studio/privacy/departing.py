"""Deletes the data of messages, channels, members and servers that are gone, after a grace time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

from bot.studio.privacy.retention import MOST_UNDELETABLE, Delete
from storage.database.privacy.departures import DepartureTable
from storage.domain.errors import JobGone
from storage.domain.privacy.departure import Departure, DepartureKind
from storage.domain.privacy.retention import WAITING_DAYS
from storage.domain.quota import DAY
from storage.logs import log_job

log = logging.getLogger(__name__)

PAUSE = 3600.0  # seconds until what is not delivered yet is looked at again


class Departing:
    """Notes who is gone, and deletes what they left; the notes are rows of the database."""

    def __init__(
        self,
        table: DepartureTable,
        delete: Delete,
        grace_days: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._delete = delete
        self._clock = clock
        self._grace = grace_days * DAY
        self._undeletable: set[str] = set()
        self.next_member = table.next_member
        self.asked_guild = table.asked_guild
        self.keep_asked_guild = table.keep_asked_guild

    async def note(self, kind: DepartureKind, name: str, place: str = "") -> None:
        """Record that something is gone."""
        await self._table.note([self._departure(kind, name, place)])

    async def note_messages(self, front: str, channel: str, messages: Collection[str]) -> None:
        """Record which of some deleted messages showed a job."""
        shown = await self._table.shown(front, channel, messages)
        if shown:
            kind = DepartureKind.MESSAGE
            await self._table.note([self._departure(kind, one, channel) for one in shown])

    async def note_guilds(self, here: Collection[str]) -> None:
        """Record the servers in which the bot was before and is not any more, and the reverse."""
        gone, new = await self._table.see_guilds(here)
        await self._table.note([self._departure(DepartureKind.GUILD, one, "") for one in gone])
        for guild in new:
            await self.back(DepartureKind.GUILD, guild)

    async def guild_here(self, guild: str) -> None:
        """Record that the bot is in a server."""
        if await self._table.see_guild(guild, here=True):
            await self.back(DepartureKind.GUILD, guild)

    async def guild_gone(self, guild: str) -> None:
        """Record that the bot was removed from a server."""
        await self._table.see_guild(guild, here=False)
        await self.note(DepartureKind.GUILD, guild)

    async def back(self, kind: DepartureKind, name: str, place: str = "") -> None:
        """Record that somebody is back before their data was deleted."""
        await self._table.drop(Departure(kind, name, place))

    async def due(self) -> list[Departure]:
        """Return some of those whose data is to be deleted now."""
        return await self._table.due(self._clock())

    async def delete(self, gone: Departure, front: str) -> None:
        """Delete some of what is left by one; raise Unavailable."""
        found = await self._jobs_of(gone, front)
        for job_id in found:
            with log_job(job_id):
                try:
                    await self._delete(job_id)
                except JobGone:  # somebody was faster, or its id is damaged
                    self._undeletable.add(job_id)
                except ValueError as error:  # its row cannot be read
                    self._undeletable.add(job_id)
                    log.warning("it is kept although it should go: %s", error)
        if len(self._undeletable) > MOST_UNDELETABLE:
            self._undeletable.clear()
        if not found:
            await self._close(gone, front)

    async def postpone(self, gone: Departure, front: str) -> None:
        """Delete what is left by one later, if there is anything."""
        if await self._jobs_of(gone, front):
            await self._table.postpone(gone, self._clock() + PAUSE)
        else:
            await self._close(gone, front)

    async def _jobs_of(self, gone: Departure, front: str) -> list[str]:
        since, known = self._waiting_since(), self._undeletable
        return await self._table.jobs_of(gone, front, known, waiting_since=since)

    def _waiting_since(self) -> float:
        """Return since when an outcome may wait to be fetched that is kept for that."""
        return self._clock() - WAITING_DAYS * DAY

    async def _close(self, gone: Departure, front: str) -> None:
        if not await self._table.close(gone, front, waiting_since=self._waiting_since()):
            await self._table.postpone(gone, self._clock() + PAUSE)

    def _departure(self, kind: DepartureKind, name: str, place: str) -> Departure:
        return Departure(kind, name, place, self._clock() + self._grace)
