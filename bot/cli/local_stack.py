"""Starting what is not running: Redis, a worker or both, as one process beside this one."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from storage.domain.errors import Unavailable
from storage.queue.client import Queue

MODULE = "deploy.local.sidecar"
"""Run by name: the bot's package imports neither the workers' nor the deployment's."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What a run needs and cannot find."""

    redis: bool
    worker: bool


class BackstageFailed(Exception):
    """Redis or the worker could not be held up; the message is for whoever runs the command."""


async def look(url: str) -> Missing:
    """Find out what answers at this url."""
    queue = await Queue.connect(url)
    try:
        return Missing(redis=False, worker=await queue.workers() == 0)
    except Unavailable:
        return Missing(redis=True, worker=True)
    finally:
        await queue.close()


@dataclass(frozen=True)
class Backstage:
    """The url of a Redis with a worker, and the process that holds up what was missing."""

    url: str
    process: asyncio.subprocess.Process | None = None

    async def until_it_fails(self) -> None:
        """Wait for ever; raise BackstageFailed once the worker is gone."""
        if self.process is None or self.process.stderr is None:
            await asyncio.Event().wait()
            return
        told = await self.process.stderr.read()
        raise BackstageFailed(told.decode(errors="replace").strip())


@contextlib.asynccontextmanager
async def backstage(url: str, environ: Mapping[str, str]) -> AsyncIterator[Backstage]:
    """Hold up what is missing at this url for as long as the block lasts."""
    missing = await look(url)
    if not missing.worker:
        yield Backstage(url)
        return
    process = await _start(missing, environ)
    try:
        yield Backstage(await _url(process), process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def _start(missing: Missing, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    words = ["--redis"] * missing.redis + ["--worker"] * missing.worker
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, *words),
        env=dict(environ),
        stdin=asyncio.subprocess.PIPE,  # closed with this process, however it ends
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _url(process: asyncio.subprocess.Process) -> str:
    """Return the url that the process names once its Redis answers."""
    if process.stdout is None or process.stderr is None:
        raise BackstageFailed("the output of the process is lost")
    line = (await process.stdout.readline()).decode().strip()
    if not line.startswith("redis: "):
        told = (await process.stderr.read()).decode(errors="replace").strip()
        raise BackstageFailed(told or "Redis and the worker could not be started")
    return line.removeprefix("redis: ")
