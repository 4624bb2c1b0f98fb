"""Waiting: for a stop signal, for the end of standard input, for what sends no event."""

from __future__ import annotations

import asyncio
import inspect
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

POLL_SECONDS = 0.05

Value = TypeVar("Value")


async def wait_for_stop_signal() -> None:
    """Wait for Ctrl-C or SIGTERM; a second one has its default effect."""
    loop, received = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, received.set)
    try:
        await received.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def wait_for_stdin_close() -> None:
    """Wait until the process at the other end of standard input closes it or ends."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_read_pipe(lambda: protocol, sys.stdin)
    try:
        await reader.read()
    finally:
        transport.close()


@overload
async def poll(
    check: Callable[[], Coroutine[Any, Any, Value | None]], seconds: float, what: str
) -> Value: ...


@overload
async def poll(check: Callable[[], Value | None], seconds: float, what: str) -> Value: ...


async def poll(check: Callable[[], Any], seconds: float, what: str) -> Any:
    """Call `check` until its value is true and return it; TimeoutError names `what` is missing."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        result = check()
        value = await result if inspect.isawaitable(result) else result
        if value:
            return value
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"Waited {seconds:.0f} s in vain for {what}.")
        await asyncio.sleep(POLL_SECONDS)
