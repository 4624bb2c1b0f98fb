"""Being told to stop: Ctrl-C in the terminal, or SIGTERM from whoever runs us."""

from __future__ import annotations

import asyncio
import signal
import sys

SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def until_told_to_stop() -> None:
    """Wait for Ctrl-C or SIGTERM; a second one is taken as the system takes it."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in SIGNALS:
        loop.add_signal_handler(number, told.set)
    try:
        await told.wait()
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def until_let_go() -> None:
    """Wait until the process at the other end of standard input closes it, or is gone."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_read_pipe(lambda: protocol, sys.stdin)
    try:
        await reader.read()
    finally:
        transport.close()
