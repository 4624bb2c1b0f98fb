"""Workers that take as long for a clip as they are told, and store a real MP4 each time.

`python -m deploy.local.load.scripted_workers FILE --workers 2 --seconds 2` appends one line a clip
to the file: the worker, and begin and end of its engine's work on it, in monotonic seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from deploy.local.worker_probe import finished_clip
from gpu_worker.media.encode import encode
from storage.blobs import Blobs
from storage.domain.clip import Clip, Failure
from storage.domain.progress import Progress, Stage
from storage.queue.consumer import serve
from storage.queue.messages.orders import Order
from storage.queue.reporter import ProgressReporter
from storage.settings import Settings

CLIP_BYTES = 300_000
FREE_SOON_SECONDS = 1.0


@dataclass(frozen=True)
class ScriptedWorker:
    """Handles orders like a worker of this speed."""

    name: str
    blobs: Blobs
    mp4: bytes
    seconds: float
    log: TextIO

    async def __call__(self, order: Order, reporter: ProgressReporter) -> Clip | Failure:
        """Use the engine for some time, then store a file that no other order has."""
        await reporter.slot.acquired.wait()
        began = time.monotonic()
        steps = order.request.steps
        await reporter.progress(Progress(Stage.PREPARING, 0, steps))
        for step in range(steps):
            left = self.seconds * (steps - step) / steps
            if left <= FREE_SOON_SECONDS:
                reporter.slot.announce_free_soon()
            await reporter.progress(Progress(Stage.DENOISING, step, steps, eta=left))
            await asyncio.sleep(self.seconds / steps)
        reporter.slot.release()
        self.log.write(f"{self.name} {began} {time.monotonic()}\n")
        await reporter.progress(Progress(Stage.ENCODING, 0, 1))
        if reporter.cancelled.is_set():
            return Failure("failed_cancelled", cancelled=True)
        return await self._clip(order)

    async def _clip(self, order: Order) -> Clip:
        data = padded(self.mp4, order.job.encode(), CLIP_BYTES)
        key = await self.blobs.put(data)
        facts = {"bytes": len(data), "seconds": self.seconds, "worker": self.name}
        return finished_clip(order.request, blob=key, poster="", **facts)


def padded(mp4: bytes, mark: bytes, size: int) -> bytes:
    """Return the MP4 with a box of free space behind it, which holds the mark."""
    room = max(8 + len(mark), size - len(mp4))
    return mp4 + struct.pack(">I4s", room, b"free") + mark.ljust(room - 8, b"\0")


async def work(path: Path, count: int, seconds: float) -> None:
    """Serve orders until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = Settings.from_environment(os.environ)
    logging.basicConfig(level=settings.log_level)
    mp4 = encode(np.zeros((8, 128, 128, 3), np.uint8), 8, CLIP_BYTES, {}).data
    with path.open("a", buffering=1) as log:
        blobs, names = Blobs.open(settings.blob_url), [f"scripted-{n}" for n in range(count)]
        workers = [ScriptedWorker(name, blobs, mp4, seconds, log) for name in names]
        await asyncio.gather(*(serve(one, settings, one.name, stop) for one in workers))


def main() -> None:
    """Read the command line and work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    asyncio.run(work(arguments.log, arguments.workers, arguments.seconds))


if __name__ == "__main__":
    main()
