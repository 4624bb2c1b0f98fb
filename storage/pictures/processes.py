"""Decodes uploads in processes of their own, with limits on their memory and time.

An upload may be made to keep a decoder busy for minutes, to fill the memory, or to break it. It
gets a moment in a process for quick pictures and, where that is not enough, some seconds in one for
slow pictures; so an ordinary picture does not wait for a slow one. A process that overruns is
killed and another one started.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from PIL import Image

from storage.domain.errors import BadPicture, Unavailable
from storage.domain.picture import PictureFacts
from storage.pictures.sanitizing import MAX_SCANNED_PIXELS

log = logging.getLogger(__name__)

START_SECONDS = 20.0
MAX_IDLE_MEMORY = 256 * 2**20  # bytes; a process that took more is replaced by a fresh one
MAX_ANSWER = 16 * 2**10
MAX_PIXEL_BYTES = 256 * 2**20
INHERITED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH")  # nothing secret


class ChildBroken(Exception):
    """The process ended, or had to be ended, before it answered."""


@dataclass(frozen=True, slots=True)
class Lane:
    """How many pictures are decoded side by side, and the most that one of them may take.

    work is in pixels; see PictureFile.
    """

    processes: int
    work: int
    seconds: float


LANES = (Lane(2, 16_000_000, 1.5), Lane(2, MAX_SCANNED_PIXELS, 5.0))


class PictureProcesses:
    """Processes that decode pictures; each is started when it is first needed."""

    def __init__(self, lanes: Sequence[Lane] = LANES) -> None:
        """Give each picture to these lanes in turn until it is decoded."""
        self._lanes = [(asyncio.Semaphore(lane.processes), lane) for lane in lanes]
        # A request that was given up holds its thread for a moment longer than its semaphore.
        threads = 2 * sum(lane.processes for lane in lanes)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="picture")
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._closed = False

    async def size(self, data: bytes) -> tuple[int, int]:
        """Return an upload's width and height as shown, by its header; raise BadPicture."""
        answer, _ = await self._ask(data, {"operation": "size"})
        width, height = answer["size"]
        return width, height

    async def inspect(self, data: bytes) -> PictureFacts:
        """Return the facts about an upload; raise BadPicture."""
        answer, _ = await self._ask(data, {"operation": "inspect"})
        return PictureFacts(**answer["facts"])

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
            limits = {"work": lane.work, "seconds": lane.seconds}
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
            async with asyncio.timeout(request["seconds"]):
                answer = await loop.run_in_executor(self._threads, child.ask, request, data)
        except BaseException as error:
            self._replace(child)
            if self._closed:
                raise Unavailable("unavailable_pictures") from error
            if isinstance(error, TimeoutError):
                raise ChildBroken(f"more than {request['seconds']:g} s") from error
            raise
        finally:
            self._busy.discard(child)
        if answer[0]["memory"] > MAX_IDLE_MEMORY:
            self._replace(child)
        else:
            self._idle.append(child)
        return answer

    def _replace(self, child: _Child) -> None:
        """End a child; another one is started when it is needed."""
        child.kill()
        if not self._closed:  # else it has ended
            self._threads.submit(child.end)

    def _start(self) -> None:
        child = _Child()
        self._idle.append(child)
        if self._closed:
            child.end()


class _Child:
    """A process of storage.pictures.child, and this end of its socket."""

    def __init__(self) -> None:
        """Start it and wait until it is ready; raise Unavailable."""
        ours, theirs = socket.socketpair()
        self._channel = Connection(ours.detach())
        try:
            with theirs:
                self._process = subprocess.Popen(
                    (sys.executable, "-P", "-m", "storage.pictures.child", str(theirs.fileno())),
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env=_environment(),
                    start_new_session=True,  # a Ctrl-C in the terminal is the parent's to handle
                )
        except OSError as error:
            raise Unavailable("unavailable_pictures") from error
        if not self._is_ready():
            self.end()
            raise Unavailable("unavailable_pictures")

    def ask(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the answer to a request; raise ChildBroken."""
        try:
            self._channel.send_bytes(json.dumps(request).encode())
            self._channel.send_bytes(data)
            answer = json.loads(self._channel.recv_bytes(MAX_ANSWER))
            return answer, self._channel.recv_bytes(MAX_PIXEL_BYTES)
        except (EOFError, OSError, ValueError) as error:
            raise ChildBroken("its process died") from error

    def kill(self) -> None:
        """End the process without waiting for it; what is asked of it raises ChildBroken."""
        self._process.kill()

    def end(self) -> None:
        """End the process and wait until it is gone, which takes longer the more memory it has."""
        self._process.kill()
        self._process.wait()

    def _is_ready(self) -> bool:
        with contextlib.suppress(EOFError, OSError):
            return self._channel.poll(START_SECONDS) and self._channel.recv_bytes(16) == b"ready"
        return False


def _environment() -> dict[str, str]:
    """Return the child's environment: where to find modules and libraries, and nothing secret."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {"PYTHONPATH": os.pathsep.join(sys.path)}
