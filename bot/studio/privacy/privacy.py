"""What a person may ask of the service about their data, put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bot.studio.chains.stories import Stories
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.privacy.blob_sweep import BlobSweep
from bot.studio.privacy.departing import Departing
from bot.studio.privacy.erasing import Cancel, Erasing
from bot.studio.privacy.erasure_notices import ErasureNotices
from bot.studio.privacy.exporting import Exporting
from bot.studio.privacy.leftover_cleaner import LeftoverCleaner
from bot.studio.privacy.retention import Delete, Retention
from bot.studio.styles.style_library import StyleLibrary
from storage.blobs import Blobs
from storage.database.privacy.privacy_tables import PrivacyTables
from storage.domain.privacy.retention import RetentionRules
from storage.queue.client import Queue


class Privacy:
    """Exports and erases what is kept of people."""

    def __init__(
        self,
        tables: PrivacyTables,
        blobs: Blobs,
        *,
        queue: Queue,
        stories: Stories,
        styles: StyleLibrary,
        locks: KeyedLocks,
        cancel: Cancel,
        delete: Delete,
        rules: RetentionRules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Share the studio's locks of pictures; cancel cancels and refunds a job, delete deletes.

        rules are for how long what is ordered is kept.
        """
        self.leftovers = tables.leftovers
        self.posts = tables.posts
        self.cleaner = LeftoverCleaner(
            tables.leftovers,
            blobs=blobs,
            queue=queue,
            stories=stories,
            styles=styles,
            locks=locks,
            clock=clock,
        )
        self.notices = ErasureNotices(queue)
        self.erasing = Erasing(tables, self.cleaner, cancel, self.notices, clock)
        self.exporting = Exporting(tables, blobs, clock)
        self.retention = Retention(tables.retention, tables.audit, delete, rules, clock)
        self.departing = Departing(tables.departures, delete, rules.grace_days, clock)
        self.sweep = BlobSweep(tables.retention, tables.leftovers, blobs, queue, clock)

    async def run(self) -> None:
        """Go on with what was left over, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.cleaner.run())
            group.create_task(self.erasing.run())
            group.create_task(self.notices.run())
