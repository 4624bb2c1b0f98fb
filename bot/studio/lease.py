"""Lease: which jobs' messages this bot may edit, beside other bots on the same database.

A bot raises its count in the database every few seconds. Another bot takes it for dead once the
count has stood still for long enough by that other bot's own clock, or at once where the dead one's
lock file, on the same machine, is not locked any more. A bot that stood still itself does not use
its lease until it has renewed it; if it was taken for dead meanwhile, it goes on under a new id.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from bot.studio.events import EventBus, HeldJobsChanged
from bot.studio.keep_running import keep_running
from storage.database.bots import BotTable
from storage.domain.errors import HolderChanged, Unavailable
from storage.domain.job import Job

log = logging.getLogger(__name__)

# in seconds
RENEW_SECONDS = 2.5
VALID_SECONDS = 7.0  # after the last renewal, in which jobs may be shown
DEAD_SECONDS = 10.0  # in which another bot's count stood still


class Lease:
    """This bot's entry in the list of bots, and its right to show the jobs that it holds."""

    def __init__(
        self,
        bots: BotTable,
        events: EventBus,
        front: str,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold jobs of this front end; the folder is for the lock files of this machine's bots."""
        self._bots = bots
        self._events = events
        self._front = front
        self._folder = folder
        self._clock = clock
        self.id = self._new_id()
        self._lock_file: int | None = None
        self._renewed: float | None = None
        self._entered = False
        self._orphans = True  # whether there may be jobs that nobody holds
        self._listed: set[str] = set()
        self._seen: dict[str, tuple[int, float]] = {}  # the other bots' counts, and since when

    def check(self, job: Job) -> None:
        """Raise HolderChanged where another bot shows the job, Unavailable where that may be."""
        if job.holder != self.id:
            raise HolderChanged(job.id)
        if self._renewed is not None and self._clock() - self._renewed > VALID_SECONDS:
            raise Unavailable("unavailable_database")

    def is_first(self) -> bool:
        """Tell whether this bot does what one of all bots of its front end is to do.

        Another front end has other settings, and does not hear of everything that this one hears.
        """
        own = [bot for bot in self._listed if bot.startswith(f"{self._front}-")]
        return self.id == min(own, default="")

    async def run(self) -> None:
        """Renew until cancelled, and no later after an error: others would take the jobs over."""
        later = "the lease is renewed later"
        await keep_running(self.renew, RENEW_SECONDS, later, most_intervals=1)

    async def renew(self) -> None:
        """Renew the lease, and adopt the jobs of bots that are gone; raise Unavailable."""
        began = self._clock()
        beats = await self._bots.beat(self.id)
        if self.id not in beats:
            beats = await self._enter()
        self._entered = True
        dead = self._dead(beats, began)
        for bot in dead:
            log.warning("the bot %s is gone; its jobs are taken over", bot)
            await self._bots.remove(bot, beats[bot])
            _delete(self._folder / bot)
        self._orphans |= bool(dead or self._listed - beats.keys())
        self._listed = set(beats)
        if self._orphans:
            if count := await self._bots.adopt(self.id, self._front):
                log.info("%d jobs are shown by this bot from now on", count)
            self._orphans = False
            self._events.publish(HeldJobsChanged())
        self._renewed = began

    async def leave(self) -> None:
        """Let other bots take over at once; without a database they find out by themselves."""
        with contextlib.suppress(Unavailable):
            if self._entered:
                await self._bots.remove(self.id)
        self._unlock()

    async def _enter(self) -> dict[str, int]:
        """Enter the list: under a new id where another bot took this one for dead."""
        if self._entered:
            log.warning("this bot stood still, and another one took its jobs over")
            self._unlock()
            self._entered = False
            self.id = self._new_id()
        self._lock()
        self._orphans = True
        return await self._bots.enter(self.id)

    def _new_id(self) -> str:
        return f"{self._front}-{secrets.token_hex(8)}"

    def _dead(self, beats: dict[str, int], now: float) -> list[str]:
        """Return the other bots that are gone."""
        if self._renewed is None or now - self._renewed > VALID_SECONDS:
            self._seen.clear()  # what stood still may have been this bot, or the database
        seen = {}
        for bot, count in beats.items():
            known = self._seen.get(bot)
            seen[bot] = known if known is not None and known[0] == count else (count, now)
        self._seen = seen
        return [
            bot
            for bot, (_, since) in seen.items()
            if bot != self.id and (now - since >= DEAD_SECONDS or _unlocked(self._folder / bot))
        ]

    def _lock(self) -> None:
        """Lock a file of this bot's name; without one, others find its end by its count alone."""
        if self._lock_file is not None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self._folder / self.id, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._lock_file = file
        except OSError as error:
            log.warning("no lock file: %s", error)

    def _unlock(self) -> None:
        if self._lock_file is not None:
            _delete(self._folder / self.id)
            os.close(self._lock_file)
            self._lock_file = None


def _unlocked(path: Path) -> bool:
    """Tell whether a bot of this machine has ended: its lock file is there, but not locked."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
