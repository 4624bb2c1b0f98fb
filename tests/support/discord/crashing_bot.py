"""The bot's process with its writes and requests numbered: a signal ends it at one of them.

`python -m tests.support.discord.crashing_bot SIGNAL NUMBER` counts from the first SIGUSR1 on. Each
HTTP request to Discord counts before it is sent and after it was answered, each transaction before
and after its commit, and each write to the blob store before and after.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import aiohttp
from sqlalchemy import Connection

from bot.__main__ import main
from storage.blobs import Blobs


class CrashPoint:
    """Counts operations, and sends this process a signal at one of them."""

    def __init__(self, number: int, signal_number: signal.Signals) -> None:
        self._number = number
        self._signal = signal_number
        self._counting = False
        self._count = 0

    def start(self, *_: object) -> None:
        """Count from now on."""
        self._counting = True

    def __call__(self, what: str) -> None:
        """Count an operation; a SIGKILL ends the process here."""
        if not self._counting:
            return
        self._count += 1
        print(f"point {self._count}: {what}", flush=True)
        if self._count == self._number:
            os.kill(os.getpid(), self._signal)


def install(point: CrashPoint) -> None:
    """Call the crash point around every request, commit and write of a blob."""
    request, commit, put = aiohttp.ClientSession._request, Connection._commit_impl, Blobs.put

    async def counted_request(session: Any, method: str, url: Any, **options: Any) -> Any:
        name = f"{method} {str(url).partition('/v10')[2].partition('?')[0][:60]}"
        point(f"before {name}")
        answer = await request(session, method, url, **options)
        point(f"after {name}")
        return answer

    def counted_commit(connection: Connection) -> None:
        if connection.get_execution_options().get("mutoscope_reading"):
            commit(connection)
            return
        point("before a commit")
        commit(connection)
        point("after a commit")

    async def counted_put(blobs: Blobs, data: bytes) -> str:
        point("before a blob")
        key = await put(blobs, data)
        point("after a blob")
        return key

    for owner, name, counted in (
        (aiohttp.ClientSession, "_request", counted_request),
        (Connection, "_commit_impl", counted_commit),
        (Blobs, "put", counted_put),
    ):
        setattr(owner, name, counted)


if __name__ == "__main__":
    crash_point = CrashPoint(int(sys.argv[2]), signal.Signals[sys.argv[1]])
    signal.signal(signal.SIGUSR1, crash_point.start)
    install(crash_point)
    sys.exit(main())
