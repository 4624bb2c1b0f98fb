"""Tells whether the service can do its work now, for a load balancer or an orchestrator."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from storage.database.jobs import Jobs
from storage.domain.errors import Unavailable
from storage.queue.client import Queue

log = logging.getLogger(__name__)

CHECK_SECONDS = 3.0  # after which a part that does not answer counts as away


class Readiness:
    """Checks the gateway, the database and Redis at each request."""

    def __init__(self, jobs: Jobs, queue: Queue, gateway_ready: Callable[[], bool]) -> None:
        self._jobs = jobs
        self._queue = queue
        self._gateway_ready = gateway_ready

    async def check(self) -> dict[str, bool]:
        """Tell of each part whether it works: connected, writable, reachable."""
        database, queue = await asyncio.gather(
            _succeeds(self._jobs.check_writable()), _succeeds(self._queue.ping())
        )
        return {"gateway": self._gateway_ready(), "database": database, "queue": queue}

    async def serve(self, _request: web.Request) -> web.Response:
        """Answer with 200 where all parts work, with 503 otherwise, and with each part."""
        parts = await self.check()
        return web.json_response(parts, status=200 if all(parts.values()) else 503)


async def _succeeds(check: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check
    except (Unavailable, TimeoutError) as error:
        log.debug("not ready: %r", error)
        return False
    return True
