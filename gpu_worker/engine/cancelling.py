"""Cancelling: waits that end when the job is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from gpu_worker.engine.api import Cancelled

Found = TypeVar("Found")


async def unless_cancelled(work: Coroutine[Any, Any, Found], cancelled: asyncio.Event) -> Found:
    """Return what the work gives; raise Cancelled, and end the work, once that is set."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(cancelled.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if cancelled.is_set():
            raise Cancelled
        return await working
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
