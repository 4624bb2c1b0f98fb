"""The settings of servers, and of the whole service."""

from __future__ import annotations

from collections.abc import Callable

from storage.database.trust.server_table import ServerTable
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.policy import Change, ServerPolicy

SERVICE = ""
"""By this id the operators' own policy is kept."""


class Policies:
    """Reads and changes policies; what another bot changed is seen at once, for none is cached."""

    def __init__(self, servers: ServerTable, clock: Callable[[], float]) -> None:
        self._servers = servers
        self._clock = clock

    async def of(self, guild: str) -> ServerPolicy:
        """Return a server's policy, for an empty id the operators'; raise Unavailable."""
        return await self._servers.policy(guild)

    async def change(
        self, guild: str, actor: str, change: Change, action: str = "settings", subject: str = ""
    ) -> ServerPolicy:
        """Replace a server's policy by what `change` makes of it; return that.

        Policy and audit entry are written in one transaction. The caller has checked that the
        actor may do so.
        """
        entry = AuditEntry(guild, actor, action, subject)
        return await self._servers.change(entry, change, self._clock())
