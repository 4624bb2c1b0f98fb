"""Finds jobs and clips by what they refer to, and where they are shown."""

from __future__ import annotations

import logging

from sqlalchemy import exists, or_, select

from storage.codec import CodecError, loads
from storage.database.queries.cache_key import cache_key
from storage.database.queries.job_changes import VISIBLE
from storage.database.queries.job_pages import all_jobs
from storage.database.rows import RowReader
from storage.database.tables import BLOB_KEYS, UNDELIVERED, UNFINISHED, jobs
from storage.database.transactions import Transaction
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Clip
from storage.domain.job import Job, Status
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)


class JobSearch:
    """Reads jobs that need not be unfinished; each method is one transaction."""

    def __init__(self, read: Transaction, rows: RowReader, catalogue: Catalogue) -> None:
        self._read = read
        self._rows = rows
        self._catalogue = catalogue

    async def clip(self, request: GenerationRequest, owner: str | None = None) -> Clip | None:
        """Return the latest clip of the same request, model revision and presets.

        Where an owner is given, one of theirs.
        """
        key = cache_key(self._catalogue, request)
        wanted = (jobs.c.fingerprint == key) & (jobs.c.status == Status.DONE.value) & VISIBLE
        if owner is not None:
            wanted &= jobs.c.owner == owner
        query = select(jobs.c.clip).where(wanted).order_by(jobs.c.ended.desc()).limit(1)
        async with self._read() as connection:
            found = await connection.scalar(query)
        try:
            return None if found is None else loads(Clip, found)
        except CodecError as error:
            log.error("a cached clip cannot be read and is made again: %s", error)
            return None

    async def needs_blob(self, blob: str, ended: str) -> bool:
        """Tell whether a job refers to this blob, or repeats the request of the ended job."""
        fingerprint = select(jobs.c.fingerprint).where(jobs.c.id == ended).scalar_subquery()
        repeats = exists().where(jobs.c.fingerprint == fingerprint, UNFINISHED)
        names = (exists().where(jobs.c[name] == blob) for name in BLOB_KEYS)
        async with self._read() as connection:
            return bool(await connection.scalar(select(or_(repeats, *names))))

    async def by_message(self, front: str, channel: str, message: str) -> Job | None:
        """Return the job that this message shows, if any."""
        there = (jobs.c.front == front) & (jobs.c.channel == channel)
        found = await all_jobs(
            self._read, self._rows, there & (jobs.c.message == message) & VISIBLE
        )
        return found[-1] if found else None

    async def by_clip(self, blob: str) -> Job | None:
        """Return a job whose clip has this file, if any."""
        found = await all_jobs(self._read, self._rows, (jobs.c.clip_blob == blob) & VISIBLE)
        return found[-1] if found else None

    async def undelivered(self) -> list[Job]:
        """Return the ended jobs whose outcome was not delivered yet, the oldest first."""
        return await all_jobs(self._read, self._rows, UNDELIVERED)
