"""What a front end needs behind it: Redis and a worker, for as long as somebody wants them.

`mutoscope animate` starts this where one of the two is missing. Its output is one line,
`redis: URL`; it ends when its starter closes its standard input, or with SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.local.stack.child_process import ChildDied, Crew, python
from deploy.local.stack.redis_server import start_redis
from deploy.local.stack.stopping import until_let_go, until_told_to_stop
from storage.settings import Settings


async def serve(redis: bool, worker: bool, environ: Mapping[str, str]) -> int:
    """Hold up what was asked for; return 1 as soon as the worker ended by itself."""
    settings = Settings.from_environment(environ)
    crew = Crew()
    with contextlib.ExitStack() as stack:
        url = settings.redis_url
        if redis:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mutoscope-"))
            server = start_redis(Path(folder))
            stack.callback(server.stop)
            url = server.url
        print(f"redis: {url}", flush=True)
        try:
            if worker:
                log = settings.mutoscope_home / "logs" / "worker.log"
                await crew.start("worker", python("gpu_worker"), {**environ, "REDIS_URL": url}, log)
            return await _until_over(crew)
        finally:
            await crew.stop()


async def _until_over(crew: Crew) -> int:
    """Wait for the word to stop (0) or for a child's death (1)."""
    waits = [asyncio.create_task(until_told_to_stop()), asyncio.create_task(until_let_go())]
    if crew.children:
        waits.append(asyncio.create_task(crew.until_one_dies()))
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    ends = [wait for wait in waits if wait.done()]
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    error = next((wait.exception() for wait in ends if wait.exception()), None)
    if isinstance(error, ChildDied):
        print(error, file=sys.stderr, flush=True)
    return 1 if error else 0


def main(words: list[str] | None = None) -> int:
    """Hold up Redis, a worker or both until nobody wants them."""
    parser = argparse.ArgumentParser(prog="deploy.local.sidecar", description=__doc__)
    parser.add_argument("--redis", action="store_true", help="start a Redis of its own")
    parser.add_argument("--worker", action="store_true", help="start a worker")
    arguments = parser.parse_args(words)
    return asyncio.run(serve(arguments.redis, arguments.worker, dict(os.environ)))


if __name__ == "__main__":
    sys.exit(main())
