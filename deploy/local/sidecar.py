"""Redis, a worker or both, beside a command that needs them and finds none.

`mutoscope animate` starts this. It prints one line, `redis: URL`, and ends when the command closes
this process's standard input, or with SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from deploy.local.stack.child_process import ProcessExited
from deploy.local.stack.process_group import ProcessGroup
from deploy.local.stack.redis_server import RedisStartError
from deploy.local.stack.waiting import wait_for_stdin_close, wait_for_stop_signal
from storage.settings import Settings
from storage.tasks import first_completed

NO_WORKER = (
    "no worker runs, and none is installed: pip install 'mutoscope[worker,local]', or set REDIS_URL"
    " to the Redis of a running one"
)


async def serve(redis: bool, worker: bool, environ: Mapping[str, str]) -> int:
    """Run what is asked for until a stop signal; return 1 if the worker ended before."""
    settings = Settings.from_environment(environ)
    url = settings.redis_url
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
        async with ProcessGroup(environ, settings.mutoscope_home / "logs") as group:
            if redis:
                url = group.start_redis(Path(folder))
            print(f"redis: {url}", flush=True)
            if worker:
                await group.start("worker", "gpu_worker")
            exits = [group.wait_for_exit()] if worker else []
            try:
                await first_completed(wait_for_stop_signal(), wait_for_stdin_close(), *exits)
            except ProcessExited as error:
                print(error, file=sys.stderr, flush=True)
                return 1
            return 0


def main(arguments: list[str] | None = None) -> int:
    """Run Redis, a worker or both as long as the command that started this."""
    parser = argparse.ArgumentParser(prog="deploy.local.sidecar", description=__doc__)
    parser.add_argument("--redis", action="store_true", help="start a Redis of its own")
    parser.add_argument("--worker", action="store_true", help="start a worker")
    options = parser.parse_args(arguments)
    if options.worker and find_spec("torch") is None:
        print(NO_WORKER, file=sys.stderr, flush=True)
        return 1
    try:
        return asyncio.run(serve(options.redis, options.worker, dict(os.environ)))
    except (OSError, RedisStartError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
