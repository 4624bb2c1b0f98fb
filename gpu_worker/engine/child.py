"""The process that holds the engine; it may be stopped or crash without the worker.

Started as `python -m gpu_worker.engine.child FD`, where FD is its end of a socket pair.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import logging
import math
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection

from gpu_worker.engine.api import Cancelled, Engine, NotUsable, NotUsableYet, OutOfMemory
from gpu_worker.engine.messages import (
    Cancel,
    Done,
    Downloading,
    EngineSpec,
    Failed,
    FromChild,
    Generate,
    ProgressUpdate,
    Ready,
    Reason,
)
from storage.domain.errors import MutoscopeError
from storage.domain.progress import Progress
from storage.logs import log_job, set_up_logging

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1

TELL_SECONDS = 0.5
LOG_SECONDS = 10.0


class EngineChild:
    """The child's end of the socket: one thread receives, the main thread makes clips."""

    def __init__(self, connection: Connection) -> None:
        """Use this connection."""
        self._connection = connection
        self._orders: queue.SimpleQueue[Generate] = queue.SimpleQueue()
        self._cancelled: set[int] = set()

    def run(self) -> None:
        """Load the engine and make clips until the worker closes the connection."""
        begun = time.monotonic()
        spec = self._connection.recv()
        set_up_logging("json", spec.log_level)  # the worker relays each record
        threading.Thread(target=self._receive, daemon=True).start()
        try:
            engine = _create(spec, DownloadReport(self._send))
            engine.load()
        except NotUsableYet as error:
            self._send(Failed(0, Reason.NOT_LOADED_YET, str(error)))
            return
        except NotUsable as error:
            self._send(Failed(0, Reason.NOT_LOADED, str(error)))
            return
        except Exception:  # every error is sent to the worker
            self._send(Failed(0, Reason.NOT_LOADED, traceback.format_exc()))
            return
        self._send(Ready(engine.name, engine.device, time.monotonic() - begun))
        while True:
            order = self._orders.get()
            with log_job(order.job):
                self._send(self._generate(engine, order))
            self._cancelled.discard(order.number)

    def _generate(self, engine: Engine, order: Generate) -> FromChild:
        number, begun = order.number, time.monotonic()
        on_progress = partial(self._on_progress, number)
        try:
            result = engine.generate(
                order.request, order.canvas, on_progress, lambda: number in self._cancelled
            )
        except Cancelled:
            return Failed(number, Reason.CANCELLED)
        except (OutOfMemory, MemoryError) as error:
            return Failed(number, Reason.OUT_OF_MEMORY, str(error))
        except MutoscopeError as error:
            return Failed(number, Reason.REFUSED, "", error.key, dict(error.parameters))
        except Exception:  # every error is sent to the worker
            return Failed(number, Reason.BROKEN, traceback.format_exc())
        return Done(number, replace(result, seconds=time.monotonic() - begun))

    def _on_progress(self, number: int, progress: Progress, preview: bytes | None) -> None:
        self._send(ProgressUpdate(number, progress, preview))

    def _receive(self) -> None:
        """Receive orders and cancels; end the process once the worker is gone."""
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, Cancel):
                    self._cancelled.add(message.number)
                else:
                    self._orders.put(message)
        except (EOFError, OSError):
            os._exit(0)

    def _send(self, message: FromChild) -> None:
        try:
            self._connection.send(message)
        except OSError:
            os._exit(0)


class DownloadReport:
    """Sends how much of a download is there, often enough for a person and no more."""

    def __init__(
        self, send: Callable[[Downloading], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Report by this function."""
        self._send = send
        self._clock = clock
        self._told = -math.inf
        self._logged = -math.inf

    def __call__(self, done: int, total: int) -> None:
        """Report so many bytes of so many; the last ones are always told."""
        now, whole = self._clock(), done >= total
        if whole or now - self._told >= TELL_SECONDS:
            self._told = now
            self._send(Downloading(done, total))
        if whole or now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.info("weights: %d of %d MiB are there", done >> 20, total >> 20)


def _create(spec: EngineSpec, on_bytes: DownloadReport) -> Engine:
    module, _, name = spec.factory.partition(":")
    make = getattr(importlib.import_module(module), name)
    engine: Engine = make(**spec.arguments, on_bytes=on_bytes)
    return engine


def _exit_with_parent() -> None:
    """Ask Linux to end this process with its parent, even while the engine blocks every thread."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Run the child over the socket that was inherited."""
    _exit_with_parent()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the worker's to handle
    EngineChild(Connection(int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
