"""Real worker processes with the fake engine, and a queue to order from."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from storage.blobs import Blobs
from storage.domain.clip import Clip, Failure
from storage.domain.prompt.reading import with_reading
from storage.domain.request import GenerationRequest
from storage.queue.client import Queue
from storage.queue.messages.events import Progressed
from storage.queue.messages.orders import Order
from tests.support.credentials.signing import valid_credentials

ROOT = Path(__file__).parents[2]


@dataclass
class WorkerProcess:
    """One `python -m gpu_worker` and the file that its log goes to."""

    process: asyncio.subprocess.Process
    log: Path

    @property
    def children(self) -> list[int]:
        """Return the ids of the processes that it started."""
        return [pid for pid, parent in _parents() if parent == self.process.pid]

    @property
    def engine(self) -> int:
        """Return the id of the process in which its model runs."""
        [found] = [pid for pid in self.children if b"gpu_worker.engine" in _command(pid)]
        return found

    async def wait_for_log(self, text: str) -> str:
        """Wait until its log holds this text, and return that line."""
        while True:
            for line in self.log.read_text().splitlines():
                if text in line:
                    return line
            if self.process.returncode is not None:
                raise AssertionError(f"ended without logging {text!r}:\n{self.log.read_text()}")
            await asyncio.sleep(0.02)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.process.wait()


def alive(pid: int) -> bool:
    """Tell whether a process runs (one that waits to be reaped does not)."""
    return any(pid == known for known, _ in _parents())


def _parents() -> Iterator[tuple[int, int]]:
    """Yield (process id, its parent's) of all that runs."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(") ")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            yield int(stat.parent.name), int(parent)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


class WorkerProcesses:
    """A folder, a queue and a blob store, with as many workers as a test wants."""

    def __init__(self, folder: Path, url: str, queue: Queue) -> None:
        self.folder = folder
        self.queue = queue
        self.blobs = Blobs.open(f"file://{folder}/blobs")
        self._url = url
        self._workers: list[WorkerProcess] = []

    async def worker(self, crash_point: int = 0, **environ: str) -> WorkerProcess:
        """Start a worker, killed at this point if it is not 0; it takes orders a little later."""
        log = self.folder / f"worker-{len(self._workers)}.log"
        settings = {
            "MUTOSCOPE_HOME": str(self.folder),
            "REDIS_URL": self._url,
            "ENGINE_FACTORY": "tests.support.fake_engine:create",
            "FAKE_ENGINE_MARKER": str(self.folder / "marker"),
        }
        module: tuple[str, ...] = ("gpu_worker",)
        if crash_point:
            numbered = ("gpu_worker.__main__", "SIGKILL", str(crash_point))
            module = ("tests.support.crashing_process", *numbered)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *module),
                cwd=ROOT,
                env={**os.environ, **settings, **environ},
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
        self._workers.append(WorkerProcess(process, log))
        return self._workers[-1]

    async def order(self, prompt: str, job: str = "job", attempt: int = 1, steps: int = 4) -> Order:
        """Put an order for a small clip on the queue."""
        noise = np.random.default_rng(5).uniform(0, 255, (3, 4, 3)).astype(np.uint8)
        target = io.BytesIO()
        Image.fromarray(noise).resize((200, 150), Image.Resampling.BICUBIC).save(target, "PNG")
        picture = await self.blobs.put(target.getvalue())
        request = GenerationRequest(picture, prompt, "embedded", 64, 48, 6, 8, steps, 1.0, seed=11)
        order = Order(job, attempt, with_reading(request), 10_000_000)
        await self.queue.put(order)
        return order

    async def outcome(self, order: Order) -> Clip | Failure:
        """Wait for an order's outcome; a clip must have valid credentials."""
        while True:
            found = await self.queue.outcome(order.job, order.attempt)
            if isinstance(found, Clip):
                valid_credentials(await self.blobs.get(found.blob))
            if found is not None:
                return found
            await asyncio.sleep(0.02)

    async def wait_for_step(self, order: Order, steps: int = 2) -> Progressed:
        """Wait until so many steps of an order are done."""
        async for event in self.queue.events():
            if (
                isinstance(event, Progressed)
                and event.job == order.job
                and event.progress.step >= steps
            ):
                return event
        raise AssertionError("the events have ended")

    async def close(self) -> None:
        """End every worker."""
        for worker in self._workers:
            await worker.end(signal.SIGKILL)


@asynccontextmanager
async def worker_processes(folder: Path, url: str) -> AsyncIterator[WorkerProcesses]:
    """Yield what starts worker processes; end them all after the block."""
    queue = await Queue.connect(url)
    workers = WorkerProcesses(folder, url, queue)
    try:
        yield workers
    finally:
        await workers.close()
        await queue.close()
