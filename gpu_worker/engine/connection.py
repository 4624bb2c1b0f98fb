"""The worker's end of the socket to one child process with an engine in it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from gpu_worker.engine.api import Cancelled, OnProgress, OutOfMemory, Result
from gpu_worker.engine.messages import (
    Cancel,
    Done,
    Downloading,
    EngineSpec,
    Failed,
    FromChild,
    Generate,
    ProgressUpdate,
    Ready,
    Reason,
    ToChild,
)
from gpu_worker.media.picture import Canvas
from storage.domain.errors import GenerationFailed
from storage.domain.progress import Stage
from storage.domain.request import GenerationRequest
from storage.logs import current_job, relay

log = logging.getLogger(__name__)


class EngineDied(Exception):
    """The child ended, or had to be ended, before it answered; another attempt may succeed."""


class NotLoaded(Exception):
    """The child's engine could not be loaded; the message says why, or is its traceback."""


class NotLoadedYet(NotLoaded):
    """The child's engine could not be loaded, for a reason that may pass."""


@dataclass(frozen=True, slots=True)
class EngineTimeouts:
    """How many seconds a child gets: to stop after a cancel, and between two messages.

    compiling takes the place of cancel while layers are compiled, which ends for a cancel between
    two of them alone. loading bounds for how long an engine is tried to be loaded again while that
    fails for reasons that may pass.
    """

    cancel: float = 10.0
    silence: float = 900.0
    loading: float = 900.0
    compiling: float = 300.0


class EngineConnection:
    """One child process from its start to its end; makes one clip at a time."""

    def __init__(
        self, process: asyncio.subprocess.Process, connection: Connection, timeouts: EngineTimeouts
    ) -> None:
        """Read from a child that was just started."""
        self._timeouts = timeouts
        self.ended = asyncio.Event()
        self.usable = True
        self._process = process
        self._connection = connection
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self._inbox: asyncio.Queue[FromChild | None] = asyncio.Queue()
        self._last_output: deque[str] = deque(maxlen=60)
        self._stage: Stage | None = None  # of the clip at hand
        self._job = ""  # the one that the child works on or worked on last
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, daemon=True, name="engine-connection").start()
        self._reaper = asyncio.create_task(self._reap())

    @classmethod
    async def start(cls, spec: EngineSpec, timeouts: EngineTimeouts) -> EngineConnection:
        """Start a child that begins to load the engine at once."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gpu_worker.engine.child", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        started = cls(process, Connection(ours.detach()), timeouts)
        with contextlib.suppress(OSError):  # `loaded` finds out that the child is gone already
            await started._send(spec)
        return started

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._process.pid

    async def loaded(self, on_download: Callable[[Downloading], None]) -> Ready:
        """Wait until the engine is loaded; raise NotLoaded, NotLoadedYet or EngineDied."""
        while True:
            match await self._inbox.get():
                case Downloading() as download:
                    on_download(download)
                case Ready() as ready:
                    return ready
                case Failed(reason=Reason.NOT_LOADED_YET, detail=detail):
                    raise NotLoadedYet(detail)
                case Failed(detail=detail):
                    raise NotLoaded(detail)
                case _:
                    raise EngineDied(await self._exit_summary())

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        """Make a clip; raise Cancelled, OutOfMemory, GenerationFailed or EngineDied.

        The child is killed when it ignores a cancel, and when the caller's task is cancelled.
        """
        number, self._job, self._stage = next(self._numbers), current_job(), None
        cancelling = asyncio.create_task(self._cancel_on(cancelled, number))
        try:
            await self._send(Generate(number, request, canvas, self._job))
            return await self._answer(number, on_progress)
        except (OSError, EngineDied):
            summary = await self._exit_summary()
            raise (Cancelled() if cancelled.is_set() else EngineDied(summary)) from None
        except asyncio.CancelledError:
            self.kill("given up")
            raise
        finally:
            cancelling.cancel()

    async def _answer(self, number: int, on_progress: OnProgress) -> Result:
        while True:
            match await self._receive():
                case Failed(reason=Reason.BROKEN, detail=detail):
                    # An unforeseen error may have left the device unusable.
                    self.kill(detail)
                    raise EngineDied
                case ProgressUpdate() as update if update.number == number:
                    self._stage = update.progress.stage
                    on_progress(update.progress, update.preview)
                case Done() as done if done.number == number:
                    return done.result
                case Failed() as failed if failed.number == number:
                    raise _error(failed)

    async def _cancel_on(self, cancelled: asyncio.Event, number: int) -> None:
        await cancelled.wait()
        with contextlib.suppress(OSError):
            await self._send(Cancel(number))
        await asyncio.sleep(self._timeouts.cancel)
        if self._stage is Stage.COMPILING:
            # The order is over for its person; the engine that is kept has what it compiled.
            await asyncio.sleep(self._timeouts.compiling)
        log.warning("the engine's process ignores a cancel; killing it")
        self.kill("killed: it ignored a cancel")

    async def _receive(self) -> FromChild:
        """Return the child's next message; raise EngineDied at its end, or if none comes."""
        try:
            async with asyncio.timeout(self._timeouts.silence):
                message = await self._inbox.get()
        except TimeoutError:
            self.kill(f"killed: silent for {self._timeouts.silence:g} s")
            message = None
        if message is None:
            raise EngineDied
        return message

    def kill(self, why: str = "") -> None:
        """End the child and whatever it started now; why is added to its last output."""
        self._last_output.extend(why.splitlines())
        if self.ended.is_set():
            return  # its number may be another's by now
        self.usable = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _send(self, message: ToChild) -> None:
        """Send from a thread: a picture is larger than the socket's buffer."""
        await asyncio.to_thread(self._send_now, message)

    def _send_now(self, message: ToChild) -> None:
        with self._sending:
            self._connection.send(message)

    def _read(self) -> None:
        """Put the child's messages into the inbox, None at its end."""
        message: FromChild | None
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                message, self.usable = None, False
            with contextlib.suppress(RuntimeError):  # the event loop is closed
                self._loop.call_soon_threadsafe(self._inbox.put_nowait, message)
            if message is None:
                return

    async def _reap(self) -> None:
        """Wait for the child's end, then end its process group and close the socket."""
        printed = asyncio.create_task(self._log_output())
        await self._process.wait()
        self.kill()
        await printed
        self._connection.close()
        self.ended.set()

    async def _log_output(self) -> None:
        """Log what the child prints, line by line; a progress bar's line may never end."""
        assert self._process.stdout is not None
        rest = b""
        while piece := await self._process.stdout.read(1 << 16):
            *lines, rest = (rest + piece).replace(b"\r", b"\n").split(b"\n")
            for line in filter(None, lines):
                text = relay(line.decode(errors="replace"), "engine", self._job)
                self._last_output.append(text)

    async def _exit_summary(self) -> str:
        """End the child and return its exit status and last output, for the log."""
        self.kill()
        await self.ended.wait()
        return "\n".join([f"ended with status {self._process.returncode}", *self._last_output])


def _error(failed: Failed) -> Exception:
    if failed.reason is Reason.CANCELLED:
        return Cancelled()
    if failed.reason is Reason.OUT_OF_MEMORY:
        return OutOfMemory(failed.detail)
    return GenerationFailed(failed.key, **failed.parameters)
