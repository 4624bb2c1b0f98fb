"""Link: the worker's end of the wire to one child process."""

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
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from gpu_worker.engine.exchange import Asked, EngineDied, Round
from gpu_worker.engine.messages import EngineSpec, Failed, FromChild, Ready, ToChild

__all__ = ["EngineDied", "Link", "NotLoaded", "Patience"]

log = logging.getLogger(__name__)


class NotLoaded(Exception):
    """The child's engine could not be loaded; the message is its traceback."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a child gets: to heed a cancel, and to say nothing while it works."""

    grace: float = 10.0
    silence: float = 900.0


class Link:
    """One child process from its start to its end."""

    def __init__(
        self, process: asyncio.subprocess.Process, connection: Connection, patience: Patience
    ) -> None:
        """Listen to a child that was just started."""
        self._patience = patience
        self.ended = asyncio.Event()
        self.usable = True
        self._process = process
        self._connection = connection
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self._inbox: asyncio.Queue[FromChild | None] = asyncio.Queue()
        self._last_words: deque[str] = deque(maxlen=60)
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, daemon=True, name="engine-link").start()
        self._reaper = asyncio.create_task(self._reap())

    @classmethod
    async def start(cls, spec: EngineSpec, patience: Patience) -> Link:
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
        link = cls(process, Connection(ours.detach()), patience)
        with contextlib.suppress(OSError):  # a child that is gone already is found out by `loaded`
            await link.send(spec)
        return link

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._process.pid

    async def loaded(self) -> Ready:
        """Wait until the engine is loaded; raise NotLoaded or EngineDied."""
        message = await self._inbox.get()
        if isinstance(message, Ready):
            return message
        if isinstance(message, Failed):
            raise NotLoaded(message.detail)
        raise EngineDied(await self.epitaph())

    async def make(self, asked: Sequence[Asked]) -> None:
        """Make clips, several in shared passes; answer each. A child without patience is killed."""
        numbered = {next(self._numbers): one for one in asked}
        await Round(self, numbered, self._patience.grace).run()

    async def hear(self) -> FromChild:
        """Wait for what the child says next; raise EngineDied at its end, or if it is silent."""
        try:
            async with asyncio.timeout(self._patience.silence):
                message = await self._inbox.get()
        except TimeoutError:
            self.kill(f"killed: silent for {self._patience.silence:g} s")
            message = None
        if message is None:
            raise EngineDied
        return message

    def kill(self, why: str = "") -> None:
        """End the child now, and whatever it started; why is kept among its last words."""
        self._last_words.extend(why.splitlines())
        if self.ended.is_set():
            return  # its number may be another's by now
        self.usable = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def send(self, message: ToChild) -> None:
        """Send from a thread: a picture is larger than the socket's buffer."""
        await asyncio.to_thread(self._send_now, message)

    def _send_now(self, message: ToChild) -> None:
        with self._sending:
            self._connection.send(message)

    def _listen(self) -> None:
        """Hand what the child says to the event loop, None at its end."""
        message: FromChild | None
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                message, self.usable = None, False
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                self._loop.call_soon_threadsafe(self._inbox.put_nowait, message)
            if message is None:
                return

    async def _reap(self) -> None:
        """Wait for the child's end, then see to it that nothing of it is left."""
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
                text = line.decode(errors="replace")
                self._last_words.append(text)
                log.info("engine: %s", text)

    async def epitaph(self) -> str:
        """Return how the child ended, with its last words, for the log."""
        self.kill()
        await self.ended.wait()
        return "\n".join([f"ended with status {self._process.returncode}", *self._last_words])
