"""The process that scores pictures for storage.filter.content_checker, one request after the other.

A request has the seconds that it may take, and squares (see storage.filter.squares) one after the
other; the answer has their scores.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

from PIL import Image

from storage.filter.squares import SQUARE_BYTES, image_of
from storage.processes.limits import limit_resources

MEMORY = 1536 * 2**20
"""Bytes of address space; the default filter takes 0.4 GiB, of which 0.2 GiB are its own."""

GRACE = 1.0  # seconds that the parent has to end this process before it ends itself


def main(channel: Connection, factory: str) -> None:
    """Answer requests until the other end is closed."""
    limit_resources(MEMORY)
    score = load(factory)
    channel.send_bytes(b"ready")
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            request = json.loads(channel.recv_bytes())
            squares = channel.recv_bytes()
            # The signal's default action ends the process, whatever C code it is in.
            signal.setitimer(signal.ITIMER_REAL, request["seconds"] + GRACE)
            starts = range(0, len(squares), SQUARE_BYTES)
            scores = [float(score(image_of(squares[at : at + SQUARE_BYTES]))) for at in starts]
            signal.setitimer(signal.ITIMER_REAL, 0)
            channel.send_bytes(json.dumps({"scores": scores}).encode())
            channel.send_bytes(b"")


def load(factory: str) -> Callable[[Image.Image], float]:
    """Return the filter that MODULE:FUNCTION makes."""
    module, _, function = factory.partition(":")
    made: Callable[[Image.Image], float] = getattr(importlib.import_module(module), function)()
    return made


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])), sys.argv[2])
