"""Child: the process that holds the engine; it may be stopped or crash without the worker.

Started as `python -m gpu_worker.engine.child FD`, where FD is its end of a socket pair.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection

from gpu_worker.engine.api import Cancelled, Engine, OutOfMemory, Result, SharingEngine, Wish
from gpu_worker.engine.messages import (
    Cancel,
    Done,
    EngineSpec,
    Failed,
    FromChild,
    Generate,
    Moved,
    Ready,
    Reason,
    Together,
)
from storage.domain.errors import MutoscopeError
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest

_PR_SET_PDEATHSIG = 1


class Child:
    """The child's end of the wire: one thread listens, the main thread works."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this connection."""
        self._connection = connection
        self._orders: queue.SimpleQueue[Generate | Together] = queue.SimpleQueue()
        self._cancelled: set[int] = set()

    def run(self) -> None:
        """Load the engine and make clips until the worker hangs up."""
        begun = time.monotonic()
        spec = self._connection.recv()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            engine = _create(spec)
            engine.load()
        except Exception:  # the worker is told, whatever it was
            self._tell(Failed(0, Reason.NOT_LOADED, traceback.format_exc()))
            return
        self._tell(Ready(engine.name, engine.device, time.monotonic() - begun))
        while True:
            order = self._orders.get()
            if isinstance(order, Together):
                self._answer_all(engine, order.clips)
            else:
                self._tell(self._answer(engine, order))
                self._cancelled.discard(order.number)

    def _answer(self, engine: Engine, order: Generate) -> FromChild:
        number, begun = order.number, time.monotonic()
        moved, stopped = partial(self._moved, number), partial(self._stopped, number)
        try:
            result = engine.generate(order.request, order.canvas, moved, stopped)
        except Cancelled:
            return Failed(number, Reason.CANCELLED)
        except (OutOfMemory, MemoryError) as error:
            return Failed(number, Reason.OUT_OF_MEMORY, str(error))
        except MutoscopeError as error:
            return Failed(number, Reason.REFUSED, "", error.key, dict(error.parameters))
        except Exception:  # the worker is told, whatever it was
            return Failed(number, Reason.BROKEN, traceback.format_exc())
        result = replace(result, seconds=time.monotonic() - begun)
        return Done(number, result, _widths(engine, order.request))

    def _answer_all(self, engine: Engine, clips: Sequence[Generate]) -> None:
        """Make clips in shared passes, and alone what cannot be made so."""
        left = {clip.number: clip for clip in clips}

        def done(place: int, result: Result) -> None:
            clip = left.pop(clips[place].number)
            self._tell(Done(clip.number, result, _widths(engine, clip.request)))

        try:
            self._share(engine, clips, done)
        except Cancelled:
            pass
        except (OutOfMemory, MemoryError, MutoscopeError):
            for clip in left.values():
                self._tell(self._answer(engine, clip))
            left.clear()
        except Exception:  # the worker is told, whatever it was
            self._tell(Failed(clips[0].number, Reason.BROKEN, traceback.format_exc()))
            left.clear()
        for number in left:
            self._tell(Failed(number, Reason.CANCELLED))
        self._cancelled -= {clip.number for clip in clips}

    def _share(
        self, engine: Engine, clips: Sequence[Generate], done: Callable[[int, Result], None]
    ) -> None:
        if not isinstance(engine, SharingEngine):
            raise OutOfMemory
        wishes = [
            Wish(
                clip.request,
                clip.canvas,
                partial(self._moved, clip.number),
                partial(self._stopped, clip.number),
            )
            for clip in clips
        ]
        engine.generate_together(wishes, done)

    def _moved(self, number: int, progress: Progress, preview: bytes | None) -> None:
        self._tell(Moved(number, progress, preview))

    def _stopped(self, number: int) -> bool:
        return number in self._cancelled

    def _listen(self) -> None:
        """Take orders and cancels at any time; without a worker there is nothing to live for."""
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, Cancel):
                    self._cancelled.add(message.number)
                else:
                    self._orders.put(message)
        except (EOFError, OSError):
            os._exit(0)

    def _tell(self, message: FromChild) -> None:
        try:
            self._connection.send(message)
        except OSError:
            os._exit(0)


def _widths(engine: Engine, request: GenerationRequest) -> tuple[int, ...]:
    return engine.widths(request) if isinstance(engine, SharingEngine) else ()


def _create(spec: EngineSpec) -> Engine:
    module, _, name = spec.factory.partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)(**spec.arguments)
    return engine


def _die_with_the_parent() -> None:
    """Ask Linux to end this process with its parent, even while the engine blocks every thread."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Run the child over the socket that was inherited."""
    _die_with_the_parent()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the worker's to handle
    Child(Connection(int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
