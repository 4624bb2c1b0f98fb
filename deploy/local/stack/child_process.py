"""A child process with a log of its own, which ends when this process ends."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, STDOUT
from typing import IO

from deploy.local.stack.waiting import poll

GRACE_SECONDS = 15.0
"""What a child has to end after SIGTERM before it is killed."""
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)  # loaded here: between fork and exec nothing may take a lock


def die_with_parent() -> None:
    """In a new child, ask Linux for a SIGTERM when the parent ends; a no-op elsewhere."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this Python."""
    return [sys.executable, "-m", module, *arguments]


class ProcessExited(Exception):
    """A child process ended unexpectedly; the message holds the end of its log."""

    def __init__(self, child: ChildProcess) -> None:
        self.child = child
        super().__init__(
            f"{child.name} ended with status {child.process.returncode}."
            f" The last lines of {child.log}:\n{child.last_lines()}"
        )


@dataclass(frozen=True)
class ChildProcess:
    """A running process and the file of its output (None: this process's terminal)."""

    name: str
    process: asyncio.subprocess.Process
    log: Path | None

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path | None
    ) -> ChildProcess:
        """Start the command; it ends with this process, even when this one is killed."""
        with _open_log(log) as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(environ),
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT if output else None,
                # Ctrl-C reaches this process alone, which then stops the children in turn.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        return cls(name, process, log)

    @property
    def alive(self) -> bool:
        """Tell whether the process still runs."""
        return self.process.returncode is None

    def last_lines(self, count: int = 20) -> str:
        """Return the last lines of the log, indented."""
        if self.log is None:
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-count:]
        return "\n".join(f"    {line}" for line in lines)

    async def wait_for_line(self, prefix: str, seconds: float = 60.0) -> str:
        """Wait for the first line of the log with this prefix; ProcessExited if none can come."""

        def search() -> str | None:
            text = self.log.read_text(errors="replace") if self.log else ""
            found = [line for line in text.splitlines(keepends=True) if line.startswith(prefix)]
            complete = [line for line in found if line.endswith("\n")]
            if not complete and not self.alive:
                raise ProcessExited(self)
            return complete[0].rstrip() if complete else None

        return await poll(search, seconds, f"{self.name} to print {prefix!r}")

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Send SIGTERM, and SIGKILL to a process that still runs after the grace period."""
        if self.alive:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), grace)
        await self.kill()

    async def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        if self.alive:
            self._signal(signal.SIGKILL)
        await self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


def _open_log(log: Path | None) -> contextlib.AbstractContextManager[IO[bytes] | None]:
    """Open the log for appending: a restart keeps the earlier lines."""
    if log is None:
        return contextlib.nullcontext()
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab")
