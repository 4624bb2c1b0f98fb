"""The tables by which a person knows, and has deleted, what is kept of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from storage.database.privacy.departures import DepartureTable
from storage.database.privacy.erasures import ErasureTable
from storage.database.privacy.exports import ExportTable
from storage.database.privacy.leftovers import LeftoverTable
from storage.database.privacy.personal_data import PersonalData
from storage.database.privacy.posts import PostTable
from storage.database.privacy.retention_table import RetentionTable
from storage.database.transactions import Transaction
from storage.database.trust.audit_table import AuditTable


class PrivacyTables:
    """Erasures, what they leave elsewhere, exports, and what is exported."""

    def __init__(
        self,
        read: Transaction,
        write: Transaction,
        drop_history: Callable[[], Awaitable[None]],
    ) -> None:
        """Let drop_history delete what pages of the database were before, after an erasure."""
        self.erasures = ErasureTable(read, write)
        self.drop_history = drop_history
        self.leftovers = LeftoverTable(read, write)
        self.exports = ExportTable(write)
        self.personal_data = PersonalData(read)
        self.retention = RetentionTable(read)
        self.departures = DepartureTable(read, write)
        self.posts = PostTable(read, write)
        self.audit = AuditTable(read, write)
