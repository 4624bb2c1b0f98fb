"""Tells whether the service can do its work now, for a load balancer or an orchestrator."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web

from storage.database.jobs import Jobs
from storage.domain.errors import Unavailable
from storage.queue.client import Queue

log = logging.getLogger(__name__)

CHECK_SECONDS = 3.0  # after which a part that does not answer counts as away


class Readiness:
    """Checks the gateway, the database and Redis at each request.

    A check that is late goes on: a database that is locked ends no statement before its own limit,
    and a second check beside it would only wait too.
    """

    def __init__(self, jobs: Jobs, queue: Queue, gateway_ready: Callable[[], bool]) -> None:
        self._checks = {"database": jobs.check_writable, "queue": queue.ping}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._gateway_ready = gateway_ready

    async def check(self) -> dict[str, bool]:
        """Tell of each part whether it works: connected, writable, reachable."""
        works = await asyncio.gather(*map(self._works, self._checks))
        return {"gateway": self._gateway_ready(), **dict(zip(self._checks, works, strict=True))}

    async def serve(self, _request: web.Request) -> web.Response:
        """Answer with 200 where all parts work, with 503 otherwise, and with each part."""
        parts = await self.check()
        return web.json_response(parts, status=200 if all(parts.values()) else 503)

    async def _works(self, part: str) -> bool:
        """Tell whether a part's check succeeds in time."""
        check = self._running.get(part)
        if check is None or check.done():
            check = asyncio.create_task(self._checks[part]())
            self._running[part] = check
        await asyncio.wait({check}, timeout=CHECK_SECONDS)
        if not check.done():
            log.debug("not ready: the %s has not answered yet", part)
            return False
        try:
            check.result()
        except Unavailable as error:
            log.debug("not ready: %r", error)
            return False
        return True
