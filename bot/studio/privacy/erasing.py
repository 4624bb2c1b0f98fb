"""Forgets people who ask for it: their jobs are cancelled and refunded, then all of it is erased.

Who asked is a row of the database until nothing is left and every process is told, so that a
process that is killed, or has no Redis, leaves the rest to the next one. What the person orders or
uploads later stays.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from bot.studio.keep_running import keep_running
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.privacy.erasure_notices import ErasureNotices
from bot.studio.privacy.leftover_cleaner import LeftoverCleaner
from storage.database.privacy.erasures import BATCH
from storage.database.privacy.privacy_tables import PrivacyTables
from storage.domain.errors import JobGone, Unavailable
from storage.logs import log_job

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds between two looks for erasures that were left over

Cancel = Callable[[str], Awaitable[object]]
"""Cancels and refunds the job of an id; raises JobGone where it is over."""


class Erasing:
    """Erases what is kept of people; any number of bots may do it at once."""

    def __init__(
        self,
        tables: PrivacyTables,
        cleaner: LeftoverCleaner,
        cancel: Cancel,
        notices: ErasureNotices,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = tables.erasures
        self._drop_history = tables.drop_history
        self._cleaner = cleaner
        self._cancel = cancel
        self._notices = notices
        self._clock = clock
        self._locks = KeyedLocks()
        self._untold: dict[str, float] = {}  # when who asked, of whom nothing else is left

    async def ask(self, owner: str) -> None:
        """Record that a person is to be forgotten: it is done in the end, whatever happens."""
        await self._table.ask(owner, self._clock())

    async def forget(self, owner: str) -> bool:
        """Erase all that is kept of a person; return False where others are told of it later."""
        await self.ask(owner)
        await self._erase(owner)
        return owner not in self._untold

    async def run(self) -> None:
        """Go on with what other processes left over, until cancelled."""
        await keep_running(self._erase_all, INTERVAL, "people are forgotten later")

    async def _erase_all(self) -> None:
        owners = await self._table.owners()
        for owner in self._untold.keys() - set(owners):  # another process has told it
            del self._untold[owner]
        for owner in owners:
            await self._erase_or_log(owner)

    async def _erase_or_log(self, owner: str) -> None:
        try:
            await self._erase(owner)
        except Unavailable:
            raise
        except Exception:  # the others are forgotten all the same
            log.exception("a person is forgotten later")

    async def _erase(self, owner: str) -> None:
        async with self._locks.of(owner):
            while not await self._erase_once(owner):
                pass
        await self._cleaner.clean_all()
        await self._drop_history()

    async def _erase_once(self, owner: str) -> bool:
        """Erase what there is; return False where an order came meanwhile."""
        asked = await self._table.asked(owner)
        if asked is None:  # another process was faster, and the person may be back
            self._untold.pop(owner, None)
            return True
        erased = self._untold.get(owner) == asked
        if not erased:
            await self._erase_jobs(owner, asked)
        # Before the erasure ends: a process that is killed here is followed by one that tells it.
        told = await self._notices.tell(owner, asked)
        if erased and not told:
            return True
        done = await self._table.erase_rest(owner, asked, ends=told)
        self._untold.pop(owner, None)
        if done and not told:
            log.warning("other processes are told later that a person was erased")
            self._untold[owner] = asked
        return done

    async def _erase_jobs(self, owner: str, asked: float) -> None:
        """Cancel the unfinished jobs of before a time, and erase the ended ones."""
        for job in await self._table.unfinished(owner, asked):
            with log_job(job):
                try:
                    await self._cancel(job)
                except JobGone:  # it ended just now, or its id is damaged
                    await self._table.end_unread(job, self._clock())
                except ValueError as error:  # its row cannot be read
                    log.warning("it is ended unread: %s", error)
                    await self._table.end_unread(job, self._clock())
        while await self._table.erase_jobs(owner, self._clock(), asked) == BATCH:
            pass
