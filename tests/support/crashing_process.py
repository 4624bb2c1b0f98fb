"""A bot or worker with its writes and requests numbered: a signal ends it at one of them.

`python -m tests.support.crashing_process MODULE SIGNAL NUMBER` runs the main() of a module. A point
lies before and after each HTTP request, each commit, each write to the blob store and each call of
Redis that changes something; but not around the commits that come by the clock: those of a bot's
lease, and those that note which servers and members there are.
A bot counts from the first SIGUSR1 on, a worker from the first order that it sees.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import aiohttp
from arq.worker import Worker
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from sqlalchemy import Connection

from storage.blobs import Blobs
from storage.database.bots import BotTable
from storage.database.privacy.departures import DepartureTable

COUNTING = "counting"
"""What a process prints once it counts."""
UNCHANGING = {
    "EXISTS",
    "GET",
    "GETRANGE",
    "INFO",
    "MGET",
    "PING",
    "SMEMBERS",
    "TYPE",
    "ZRANGEBYSCORE",
}
UNCHANGING |= {"MULTI", "EXEC", "WATCH", "UNWATCH", "ZSCORE", "PUBLISH"}


class CrashPoint:
    """Counts operations, and sends this process a signal at one of them."""

    def __init__(self, number: int, signal_number: signal.Signals) -> None:
        self._number = number
        self._signal = signal_number
        self._counting = False
        self._count = 0

    def start(self, *_: object) -> None:
        """Count from now on, and say so; a signal handler may not print."""
        self._counting = True
        os.write(1, f"\n{COUNTING}\n".encode())

    def __call__(self, what: str) -> None:
        """Count an operation; a SIGKILL ends the process here."""
        if not self._counting:
            return
        self._count += 1
        print(f"point {self._count}: {what}", flush=True)
        if self._count == self._number:
            os.kill(os.getpid(), self._signal)


def around(point: CrashPoint, owner: type, name: str, label: Callable[..., str]) -> None:
    """Put a point before and after an asynchronous method, unless its call's label is empty."""
    method = getattr(owner, name)

    async def counted(*arguments: Any, **options: Any) -> Any:
        what = label(*arguments)
        if not what:
            return await method(*arguments, **options)
        point(f"before {what}")
        answer = await method(*arguments, **options)
        point(f"after {what}")
        return answer

    setattr(owner, name, counted)


by_the_clock = ContextVar("by_the_clock", default=False)


def uncounted(owner: type, name: str) -> None:
    """Let the commits of an asynchronous method be no points."""
    method = getattr(owner, name)

    async def called(*arguments: Any) -> Any:
        reset = by_the_clock.set(True)
        try:
            return await method(*arguments)
        finally:
            by_the_clock.reset(reset)

    setattr(owner, name, called)


def request_label(_: object, method: str, url: object) -> str:
    """Return an HTTP request's method and path."""
    return f"{method} {str(url).partition('/v10')[2].partition('?')[0][:60]}"


def change_label(*names: object) -> str:
    """Return the names of Redis' commands, or nothing where they change nothing."""
    words = [str(name).upper() for name in names]
    return "" if UNCHANGING.issuperset(words) else " ".join(words)


def install(point: CrashPoint) -> None:
    """Call the crash point around every request, commit, write of a blob and change in Redis."""
    commit, start_jobs = Connection._commit_impl, Worker.start_jobs

    def counted_commit(connection: Connection) -> None:
        counts = not connection.get_execution_options().get("mutoscope_reading")
        counts = counts and not by_the_clock.get()
        if counts:
            point("before a commit")
        commit(connection)
        if counts:
            point("after a commit")

    async def start_counting(worker: Any, job_ids: list[bytes]) -> None:
        if job_ids:
            point.start()
        await start_jobs(worker, job_ids)

    setattr(Connection, "_commit_impl", counted_commit)  # noqa: B010  # mypy refuses the assignment
    for name in ("beat", "enter", "adopt", "remove"):
        uncounted(BotTable, name)
    for name in ("note", "drop", "see_guilds", "see_guild", "keep_asked_guild"):
        uncounted(DepartureTable, name)
    setattr(Worker, "start_jobs", start_counting)  # noqa: B010  # the same
    around(point, aiohttp.ClientSession, "_request", request_label)
    around(point, Blobs, "put", lambda *_: "a blob")
    around(point, Redis, "execute_command", lambda _, name, *__: change_label(name))
    around(
        point,
        Pipeline,
        "execute",
        lambda pipe, *_: change_label(*(words[0] for words, _ in pipe.command_stack)),
    )


if __name__ == "__main__":
    crash_point = CrashPoint(int(sys.argv[3]), signal.Signals[sys.argv[2]])
    signal.signal(signal.SIGUSR1, crash_point.start)
    install(crash_point)
    sys.exit(importlib.import_module(sys.argv[1]).main())
