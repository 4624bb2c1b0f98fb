"""How long the engine stands idle between clips that were queued together, by what a worker tells.

`python -m deploy.local.queued` prints it, and one JSON object as the last line. The engine is at
work from its own word that it prepares a clip to the word that the frames are being encoded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from deploy.local.stack.local_stack import Household
from deploy.local.stack.waiting import until
from storage.blobs import Blobs
from storage.domain.progress import Stage
from storage.domain.request import GenerationRequest
from storage.queue.client import Queue
from storage.queue.messages import Ended, Event, Order, Progressed
from storage.settings import Settings

CLIPS = 5
SAMPLE = Path(__file__).with_name("samples") / "coffee.jpg"
PATIENCE = 600.0  # seconds


@dataclass
class Span:
    """When one clip was in the engine, in seconds of this process's clock."""

    begin: float = 0.0
    end: float = 0.0
    denoises: bool = False

    def hear(self, stage: Stage, now: float) -> None:
        """Take up what the worker tells; the last word before denoising is the engine's own."""
        if stage is Stage.PREPARING and not self.denoises:
            self.begin = now
        self.denoises = self.denoises or stage is Stage.DENOISING
        if stage is Stage.ENCODING:
            self.end = now


@dataclass
class Stopwatch:
    """Hears what a worker announces of each job."""

    spans: dict[str, Span] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)

    def hear(self, event: Event, now: float) -> None:
        """Take up one event."""
        if isinstance(event, Progressed):
            self.spans.setdefault(event.job, Span()).hear(event.progress.stage, now)
        elif isinstance(event, Ended):
            self.over.add(event.job)

    async def listen(self, queue: Queue) -> None:
        """Hear until cancelled."""
        async for event in queue.events():
            self.hear(event, time.monotonic())


def gaps(spans: Sequence[Span]) -> list[float]:
    """Return for how long the engine was idle between each clip and the next, in seconds."""
    turns = sorted(spans, key=lambda span: span.begin)
    return [after.begin - before.end for before, after in pairwise(turns)]


def idle_share(spans: Sequence[Span]) -> float:
    """Return the idle share of the time from the first clip's begin to the last one's frames."""
    whole = max(span.end for span in spans) - min(span.begin for span in spans)
    return sum(gaps(spans)) / whole


async def _order(queue: Queue, settings: Settings, seed: int) -> str:
    model = settings.catalogue().model()
    size = model.size(model.defaults.resolution, (1, 1))
    request = GenerationRequest(
        picture=await Blobs.open(settings.blob_url).put(SAMPLE.read_bytes()),
        prompt="zoom in",
        model=model.name,
        width=size[0],
        height=size[1],
        frames=model.defaults.frames,
        fps=model.defaults.fps,
        steps=model.defaults.steps,
        guidance=model.defaults.guidance,
        seed=seed,
    )
    job = secrets.token_hex(8)
    await queue.put(Order(job, 1, request, 10**7))
    return job


async def run(folder: Path, clips: int) -> list[Span]:
    """Start Redis and a worker, warm it with one clip, then queue the others together."""
    async with Household(folder, os.environ) as household:
        queue = await Queue.connect(household.start_redis())
        settings = Settings.from_environment(household.environ)
        watch = Stopwatch()
        listening = asyncio.create_task(watch.listen(queue))
        try:
            await household.start_worker()
            first = await _order(queue, settings, 0)
            await until(lambda: first in watch.over, PATIENCE, "the first clip")
            jobs = [await _order(queue, settings, seed) for seed in range(1, clips + 1)]
            await until(lambda: watch.over.issuperset(jobs), PATIENCE, "the queued clips")
            return [watch.spans[job] for job in jobs]
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await queue.close()


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.queued", description=__doc__)
    parser.add_argument("--clips", type=int, default=CLIPS, help="how many are queued together")
    clips = max(2, parser.parse_args(words).clips)
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
        spans = asyncio.run(run(Path(folder), clips))
    between = sorted(gaps(spans))
    median, share = between[len(between) // 2], idle_share(spans)
    whole = max(span.end for span in spans) - min(span.begin for span in spans)
    print(
        f"{clips} clips queued together: {whole:.2f} s in all; the engine stood idle"
        f" {median * 1000:.0f} ms between two (median), {share:.1%} of the time"
    )
    figures = {"clips": clips, "seconds": whole, "idle_median_s": median, "idle_share": share}
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
