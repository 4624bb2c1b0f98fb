"""Decodes uploads in processes of their own, with limits on their memory and time.

An upload may be made to keep a decoder busy for minutes, to fill the memory, or to break it. It
gets a moment in a process for quick pictures and, where that is not enough, some seconds in one for
slow pictures; so an ordinary picture does not wait for a slow one. A process that overruns is
killed and another one started. What counts is the processor's time that a picture takes: on a busy
machine a sound one takes no more of it, only longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from PIL import Image

from storage.domain.errors import BadPicture, Unavailable
from storage.domain.picture import PictureFacts
from storage.pictures.sanitizing import MAX_SCANNED_PIXELS
from storage.processes.socket_process import ChildBroken, SocketProcess

log = logging.getLogger(__name__)

CHILD = "storage.pictures.child"
MAX_IDLE_MEMORY = 256 * 2**20  # bytes; a process that took more is replaced by a fresh one


@dataclass(frozen=True, slots=True)
class Lane:
    """How many pictures are decoded side by side, and the most that one of them may take.

    work is in pixels; see PictureFile. seconds are the processor's; by the clock they may take
    patience times as long.
    """

    processes: int
    work: int
    seconds: float
    patience: float = 20.0

    @property
    def wait(self) -> float:
        """The most seconds by the clock."""
        return self.patience * self.seconds


LANES = (Lane(2, 16_000_000, 1.5), Lane(2, MAX_SCANNED_PIXELS, 5.0))


class PictureProcesses:
    """Processes that decode pictures; each is started when it is first needed."""

    def __init__(self, lanes: Sequence[Lane] = LANES) -> None:
        """Give each picture to these lanes in turn until it is decoded."""
        self._lanes = [(asyncio.Semaphore(lane.processes), lane) for lane in lanes]
        # A request that was given up holds its thread for a moment longer than its semaphore.
        threads = 2 * sum(lane.processes for lane in lanes)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="picture")
        self._idle: list[SocketProcess] = []
        self._busy: set[SocketProcess] = set()
        self._closed = False

    async def size(self, data: bytes) -> tuple[int, int]:
        """Return an upload's width and height as shown, by its header; raise BadPicture."""
        answer, _ = await self._ask(data, {"operation": "size"})
        width, height = answer["size"]
        return width, height

    async def inspect(self, data: bytes) -> PictureFacts:
        """Return the facts about an upload; raise BadPicture."""
        return (await self.examine(data))[0]

    async def examine(self, data: bytes) -> tuple[PictureFacts, bytes]:
        """Return the facts about an upload, and its square (see inspection); raise BadPicture."""
        answer, square = await self._ask(data, {"operation": "inspect"})
        return PictureFacts(**answer["facts"]), square

    async def open(self, data: bytes, cover: tuple[int, int]) -> Image.Image:
        """Return an upload as RGB, no larger than needed; see decoding.open_picture."""
        answer, pixels = await self._ask(data, {"operation": "open", "cover": cover})
        return Image.frombytes("RGB", tuple(answer["size"]), pixels)

    def close(self) -> None:
        """End the processes; what they are about to decode raises Unavailable."""
        self._closed = True
        for child in (*self._idle, *self._busy):
            child.end()
        self._threads.shutdown(wait=False)

    async def _ask(self, data: bytes, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Return a child's answer; raise BadPicture, or Unavailable where no child can be had."""
        for semaphore, lane in self._lanes:
            limits = {"work": lane.work, "seconds": lane.seconds, "wait": lane.wait}
            try:
                async with semaphore:
                    answer, pixels = await self._answer(data, request | limits)
            except ChildBroken as error:
                log.warning("a picture of %d bytes was given up: %s", len(data), error)
                continue
            if trace := answer.get("trace"):
                log.error("a picture of %d bytes could not be read:\n%s", len(data), trace)
            if "error" in answer:
                raise BadPicture(answer["error"], **answer["parameters"])
            if "postponed" not in answer:
                return answer, pixels
        raise BadPicture("picture_too_complex")

    async def _answer(self, data: bytes, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        loop = asyncio.get_running_loop()
        while not self._closed and not self._idle:
            await loop.run_in_executor(self._threads, self._start)
        if self._closed:
            raise Unavailable("unavailable_pictures")
        child = self._idle.pop()
        self._busy.add(child)
        try:
            async with asyncio.timeout(request["wait"]):
                answer = await loop.run_in_executor(self._threads, child.ask, request, data)
        except BaseException as error:
            self._replace(child)
            if self._closed:
                raise Unavailable("unavailable_pictures") from error
            if isinstance(error, TimeoutError):
                raise ChildBroken(f"no answer in {request['wait']:g} s") from error
            raise
        finally:
            self._busy.discard(child)
        if answer[0]["memory"] > MAX_IDLE_MEMORY:
            self._replace(child)
        else:
            self._idle.append(child)
        return answer

    def _replace(self, child: SocketProcess) -> None:
        """End a child; another one is started when it is needed."""
        child.kill()
        if not self._closed:  # else it has ended
            self._threads.submit(child.end)

    def _start(self) -> None:
        try:
            child = SocketProcess(CHILD)
        except ChildBroken as error:
            raise Unavailable("unavailable_pictures") from error
        self._idle.append(child)
        if self._closed:
            child.end()
