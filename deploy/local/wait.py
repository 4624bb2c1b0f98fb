"""Waiting for something outside this process that gives no event of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

PAUSE = 0.05

Value = TypeVar("Value")


async def until(
    look: Callable[[], Value | Awaitable[Value | None] | None], seconds: float, what: str
) -> Value:
    """Return the first value that is true; raise TimeoutError, naming what was waited for."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        seen = look()
        value = await seen if inspect.isawaitable(seen) else seen
        if value:
            return value
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"Waited {seconds:.0f} s in vain for {what}.")
        await asyncio.sleep(PAUSE)
