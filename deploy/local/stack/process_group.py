"""Redis and Python processes that are started, watched and stopped together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from deploy.local.stack.child_process import ChildProcess, ProcessExited, python
from deploy.local.stack.redis_server import RedisServer, start_redis
from storage.tasks import first_completed


class ProcessGroup:
    """Child processes with one environment; leaving the `async with` block stops them all."""

    def __init__(self, environ: Mapping[str, str], logs: Path | None) -> None:
        """Write each child's output to a file in `logs` (None: to this process's terminal)."""
        self.environ = dict(environ)
        self.logs = logs
        self.redis: RedisServer | None = None
        self._children: list[ChildProcess] = []

    def start_redis(self, folder: Path) -> str:
        """Start a Redis protocol server, unless one runs; return its URL, set as REDIS_URL."""
        if self.redis is None:
            self.redis = start_redis(folder)
            self.environ["REDIS_URL"] = self.redis.url
        return self.redis.url

    async def start(
        self, name: str, module: str, *arguments: str, settings: Mapping[str, str] | None = None
    ) -> ChildProcess:
        """Run a Python module, with settings of its own beside those of the group."""
        return await self.start_command(name, python(module, *arguments), settings)

    async def start_command(
        self, name: str, command: Sequence[str], settings: Mapping[str, str] | None = None
    ) -> ChildProcess:
        """Run any command."""
        log = self.logs / f"{name}.log" if self.logs else None
        environ = self.environ | dict(settings or {})
        child = await ChildProcess.start(name, command, environ, log)
        self._children.append(child)
        return child

    async def wait_for_exit(self) -> None:
        """Wait for ever; raise ProcessExited as soon as any child has ended."""

        async def exited(child: ChildProcess) -> ChildProcess:
            await child.process.wait()
            return child

        raise ProcessExited(await first_completed(*map(exited, self._children)))

    async def stop(self) -> None:
        """End every child, the latest first, so that none loses what it depends on; then Redis."""
        while self._children:
            await self._children.pop().stop()
        if self.redis is not None:
            self.redis.stop()
            self.redis = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
