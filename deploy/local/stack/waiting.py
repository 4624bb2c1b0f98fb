"""Waiting for something outside this process that gives no event of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

PAUSE = 0.05

Value = TypeVar("Value")


@overload
async def until(
    look: Callable[[], Coroutine[Any, Any, Value | None]], seconds: float, what: str
) -> Value: ...


@overload
async def until(look: Callable[[], Value | None], seconds: float, what: str) -> Value: ...


async def until(look: Callable[[], Any], seconds: float, what: str) -> Any:
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
