"""The record of what managers, moderators and the service's own rules did."""

from __future__ import annotations

from collections.abc import Callable

from storage.database.trust.audit_table import AuditTable
from storage.domain.trust.audit import AuditEntry

HOUR = 3600.0  # seconds
REPORTS_AN_HOUR = 5
"""Of one person, in all servers."""
REFUSAL_INTERVAL = 600.0  # seconds


class AuditLog:
    """Adds to the audit log, and reads it page by page."""

    def __init__(self, table: AuditTable, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock

    async def record(
        self, guild: str, actor: str, action: str, subject: str = "", **detail: object
    ) -> None:
        """Add an entry; the details are what JSON knows. See AuditEntry."""
        await self._table.record(AuditEntry(guild, actor, action, subject, detail), self._clock())

    async def record_refusal(self, guild: str, actor: str, action: str, **detail: object) -> None:
        """Add an entry, once in a while for the same refusal: who repeats it fills no log."""
        now, entry = self._clock(), AuditEntry(guild, actor, action, "", detail)
        await self._table.record_unless_known(entry, now, now - REFUSAL_INTERVAL)

    async def report(self, guild: str, person: str, job: str, reason: str) -> None:
        """Record that a person reports a clip; raise NotAllowed where they did, or too often."""
        entry = AuditEntry(guild, person, "report", job, {"reason": reason})
        now = self._clock()
        await self._table.record_rarely(entry, now, now - HOUR, REPORTS_AN_HOUR)

    async def page(self, guild: str, limit: int, before: int = 0) -> list[AuditEntry]:
        """Return the latest entries, or those before an id, the latest first."""
        return await self._table.page(guild, limit, before)
