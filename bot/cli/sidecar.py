"""Starts Redis, a worker or both in a child process where they are not running."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from bot.service import count_workers
from storage.domain.errors import Unavailable

MODULE = "deploy.local.sidecar"
"""Run by name: the bot imports neither gpu_worker nor deploy."""


class SidecarFailed(Exception):
    """Redis or the worker did not start or ended; the message is for whoever runs the command."""


@dataclass(frozen=True)
class Sidecar:
    """The url of a Redis with a worker for the model, and the child process, if one was started."""

    redis_url: str
    process: asyncio.subprocess.Process | None = None

    async def wait_until_failed(self) -> None:
        """Wait until the child process ends, then raise SidecarFailed; without one, forever."""
        if self.process is None or self.process.stderr is None:
            await asyncio.Event().wait()
            return
        output = await self.process.stderr.read()
        raise SidecarFailed(output.decode(errors="replace").strip())


@contextlib.asynccontextmanager
async def open_sidecar(
    redis_url: str, environ: Mapping[str, str], model: str
) -> AsyncIterator[Sidecar]:
    """Start what does not answer at this url, and stop it at the end of the block.

    A worker is started where none serves the model, whose settings are in environ.
    Raise Unavailable where REDIS_URL names a Redis that cannot be used: it was set on purpose.
    """
    workers: int | None = None
    try:
        workers = await count_workers(redis_url, model)
    except Unavailable:
        if environ.get("REDIS_URL", "").strip():
            raise
    if workers:
        yield Sidecar(redis_url)
        return
    arguments = ["--worker"] if workers is not None else ["--redis", "--worker"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, *arguments),
        env=dict(environ),
        stdin=asyncio.subprocess.PIPE,  # closes when this process ends, and so ends the child
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Sidecar(await _redis_url(process), process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def _redis_url(process: asyncio.subprocess.Process) -> str:
    """Return the url that the child process prints once its Redis answers."""
    if process.stdout is None or process.stderr is None:
        raise SidecarFailed("the child process has no pipes")
    line = (await process.stdout.readline()).decode().strip()
    if not line.startswith("redis: "):
        output = (await process.stderr.read()).decode(errors="replace").strip()
        raise SidecarFailed(output or "Redis and the worker could not be started")
    return line.removeprefix("redis: ")
