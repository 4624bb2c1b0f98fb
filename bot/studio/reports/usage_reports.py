"""What was used in the last days."""

from __future__ import annotations

from collections.abc import Callable

from storage.database.usage.usage_table import UsageTable
from storage.domain.quota import day_of
from storage.domain.usage.usage import UsageHistory


class UsageReports:
    """Reads the last days' usage of a person, a server and the whole service, today included."""

    def __init__(self, usage: UsageTable, clock: Callable[[], float]) -> None:
        self._usage = usage
        self._clock = clock

    async def of_person(self, owner: str, days: int) -> UsageHistory:
        """Return what one person ordered in all places."""
        return await self._usage.of_person(owner, *self._span(days))

    async def of_server(self, guild: str, days: int) -> UsageHistory:
        """Return what was ordered in one server, or outside of servers where it is empty."""
        return await self._usage.of_server(guild, *self._span(days))

    async def of_service(self, days: int) -> UsageHistory:
        """Return what was ordered anywhere; for the service's operators alone."""
        return await self._usage.of_service(*self._span(days))

    def _span(self, days: int) -> tuple[int, int]:
        today = day_of(self._clock())
        return today - days + 1, today
