"""Child processes of one machine: started with a log each, watched, and stopped in turn."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, STDOUT
from typing import IO

from deploy.local.stack.orphans import die_with_parent
from deploy.local.stack.waiting import until

GRACE = 15.0
"""Seconds that a child has to end after SIGTERM before it is killed."""


class ChildDied(Exception):
    """Say which child ended before its time, how, and what it said last."""

    def __init__(self, child: Child) -> None:
        """Read the end of the child's log, for whoever shows this."""
        self.child = child
        super().__init__(
            f"{child.name} ended with status {child.process.returncode}."
            f" The last lines of {child.log}:\n{child.last_lines()}"
        )


@dataclass(frozen=True)
class Child:
    """One running process and the file that its output goes to (none: this terminal)."""

    name: str
    process: asyncio.subprocess.Process
    log: Path | None

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path | None
    ) -> Child:
        """Start the command; it dies with this process, even when this one is killed."""
        with _output(log) as output:
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

    async def line(self, start: str, seconds: float = 60.0) -> str:
        """Return the first line of the log that begins so, once it is there."""

        def search() -> str | None:
            text = self.log.read_text(errors="replace") if self.log else ""
            found = [line for line in text.splitlines(keepends=True) if line.startswith(start)]
            whole = [line for line in found if line.endswith("\n")]
            if not whole and not self.alive:
                raise ChildDied(self)
            return whole[0].rstrip() if whole else None

        return await until(search, seconds, f"{self.name} to say {start!r}")

    async def stop(self, grace: float = GRACE) -> None:
        """End the process politely, and by force once the grace is over."""
        if self.alive:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), grace)
        await self.kill()

    async def kill(self) -> None:
        """End the process at once, as a crash would."""
        if self.alive:
            self._signal(signal.SIGKILL)
        await self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


@dataclass
class Crew:
    """The children that were started together, the latest last."""

    children: list[Child] = field(default_factory=list)

    async def start(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path | None
    ) -> Child:
        """Start one more child."""
        child = await Child.start(name, command, environ, log)
        self.children.append(child)
        return child

    async def until_one_dies(self) -> None:
        """Wait for ever; raise ChildDied as soon as any child has ended."""
        waits = {asyncio.create_task(child.process.wait()): child for child in self.children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            raise ChildDied(waits[done.pop()])
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self) -> None:
        """End every child, the latest first, so that nobody misses what it leans on."""
        while self.children:
            await self.children.pop().stop()


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module as this very Python would."""
    return [sys.executable, "-m", module, *arguments]


def _output(log: Path | None) -> contextlib.AbstractContextManager[IO[bytes] | None]:
    """Open the log for adding, so that a restart keeps what was said before."""
    if log is None:
        return contextlib.nullcontext()
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab")
