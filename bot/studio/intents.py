"""Orders that were begun: written before they are acknowledged, deleted when placed or refused."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from bot.studio.cleanup import delete_unused
from bot.studio.keyed_locks import KeyedLocks
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.intent import Intent
from storage.domain.job import ReplyTarget

REMEMBERED = 4096  # begun orders whose events may be repeated by the gateway


class OrderIntents:
    """The intents of this process and those that earlier processes left over."""

    def __init__(
        self,
        jobs: Jobs,
        blobs: Blobs,
        pictures: KeyedLocks,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Share the studio's locks of pictures."""
        self._jobs = jobs
        self._blobs = blobs
        self._pictures = pictures
        self._clock = clock
        self._process = secrets.token_hex(8)
        self._open: set[str] = set()
        self._begun: OrderedDict[str, None] = OrderedDict()

    async def begin(
        self, key: str, owner: str, locale: str, reply_to: ReplyTarget, target: str = ""
    ) -> bool:
        """Commit an intent; return False for one that was begun before, by a repeated event."""
        if key in self._begun:
            return False
        self._begun[key] = None
        while len(self._begun) > REMEMBERED:
            self._begun.popitem(last=False)
        self._open.add(key)
        intent = Intent(key, owner, locale, reply_to, self._process, self._clock(), target)
        try:
            return await self._jobs.intents.begin(intent)
        except BaseException:
            del self._begun[key]
            self._open.discard(key)
            raise

    async def note(self, key: str, message: str, pictures: Iterable[str]) -> None:
        """Record an intent's message and uploads, before the uploads are stored."""
        await self._jobs.intents.note(key, message, pictures)

    async def claim(self, intent: Intent) -> bool:
        """Record that the person is about to be told; False where the order was placed."""
        return await self._jobs.intents.claim(intent.id, self._clock())

    async def drop(self, key: str) -> None:
        """Delete an intent, if it is there still, and its uploads where no job needs them."""
        for picture in await self._jobs.intents.drop(key):
            async with self._pictures.of(picture):
                await delete_unused(self._jobs, self._blobs, "", [picture])
        self.release(key)

    def release(self, key: str) -> None:
        """Record that this process does not work on the intent any more."""
        self._open.discard(key)

    async def left_over(self, front: str, age: float) -> list[Intent]:
        """Return the intents of this age in seconds that no task of this process works on.

        Another process may be working on a younger one.
        """
        latest = self._clock() - age
        return [
            intent
            for intent in await self._jobs.intents.all(front)
            if intent.id not in self._open and intent.begun <= latest
        ]
