"""Deletes orders and records that were kept long enough, and orders where the store is too full.

The operator's days and a server's are both a bound: the fewer count. What is unfinished, or was not
delivered, is never touched; what waits until its owner fetches it stays for WAITING_DAYS.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from storage.database.privacy.retention_table import RetentionTable
from storage.database.trust.audit_table import AuditTable
from storage.domain.errors import JobGone
from storage.domain.privacy.retention import WAITING_DAYS, RetentionRules, shorter
from storage.domain.quota import DAY
from storage.logs import log_job

log = logging.getLogger(__name__)

BATCH = 50  # jobs at once
MOST_UNDELETABLE = 1000  # jobs that cannot be deleted, of which so many are remembered

Delete = Callable[[str], Awaitable[object]]
"""Deletes the job of an id, with all that nobody else needs; raises JobGone."""


class Retention:
    """Deletes what is too old or too much, a few jobs at a time."""

    def __init__(
        self,
        table: RetentionTable,
        audit: AuditTable,
        delete: Delete,
        rules: RetentionRules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._audit = audit
        self._delete = delete
        self.rules = rules
        self._clock = clock
        self._undeletable: set[str] = set()

    async def days(self, guild: str) -> int:
        """Return for how many days what is ordered in a server is kept, 0 for always."""
        return shorter(self.rules.days, (await self._table.days_by_guild()).get(guild, 0))

    async def delete_old(self) -> int:
        """Delete some of what is too old; return how many jobs were looked at."""
        count = 0
        if self.rules.days:
            count += await self._delete_before(self.rules.days, None)
        for guild, days in (await self._table.days_by_guild()).items():
            count += await self._delete_before(days, guild)
        return count

    async def delete_old_records(self) -> int:
        """Delete some records of the audit log that are too old; return how many."""
        if not self.rules.audit_days:
            return 0
        return await self._audit.drop_before(self._clock() - self.rules.audit_days * DAY, BATCH)

    async def oldest(self) -> list[str]:
        """Return the jobs that go first where there is no room."""
        return await self._ended(self._clock(), None)

    async def blobs_of(self, jobs: list[str]) -> list[str]:
        """Return the keys of the blobs that some jobs name."""
        return await self._table.blobs_of(jobs)

    async def _delete_before(self, days: int, guild: str | None) -> int:
        found = await self._ended(self._clock() - days * DAY, guild)
        await self.delete_all(found)
        return len(found)

    async def _ended(self, before: float, guild: str | None) -> list[str]:
        since = self._clock() - WAITING_DAYS * DAY
        without = self._undeletable
        return await self._table.ended(before, BATCH, guild, without, waiting_since=since)

    async def delete_all(self, found: list[str]) -> None:
        """Delete jobs, with all that nobody else needs."""
        for job_id in found:
            with log_job(job_id):
                try:
                    await self._delete(job_id)
                except JobGone:  # another bot, or its owner, was faster; or its id is damaged
                    self._undeletable.add(job_id)
                except ValueError as error:  # its row cannot be read
                    self._undeletable.add(job_id)
                    log.warning("it is kept for longer than it should be: %s", error)
        if len(self._undeletable) > MOST_UNDELETABLE:
            self._undeletable.clear()
