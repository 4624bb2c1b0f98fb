"""How long the engine is idle between clips that were queued together.

`python -m deploy.local.queued` prints it, and one JSON object as the last line. The engine works on
a clip from its own announcement that it prepares to the one that the frames are being encoded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from deploy.local.stack.local_stack import LocalStack
from deploy.local.worker_probe import WorkerProbe, default_request
from storage.blobs import Blobs
from storage.domain.progress import Stage
from storage.queue.messages.events import Ended, Event, Progressed
from storage.settings import Settings

Interval = tuple[float, float]
CLIPS = 5
SAMPLE = Path(__file__).with_name("samples") / "coffee.jpg"
CLIP_SECONDS = 600.0


def engine_interval(events: Iterable[tuple[float, Event]], job: str) -> Interval:
    """Return from when until when the engine worked on a job, by the events' times.

    The worker announces PREPARING too; the engine's own is the last one before denoising.
    """
    begin = end = 0.0
    denoising = False
    for now, event in events:
        if not isinstance(event, Progressed) or event.job != job:
            continue
        stage = event.progress.stage
        if stage is Stage.PREPARING and not denoising:
            begin = now
        denoising = denoising or stage is Stage.DENOISING
        if stage is Stage.ENCODING:
            end = now
    return begin, end


def gaps(intervals: Iterable[Interval]) -> list[float]:
    """Return the engine's idle time between each clip and the next, in seconds."""
    return [begin - end for (_, end), (begin, _) in pairwise(sorted(intervals))]


async def run(folder: Path, clips: int) -> list[Interval]:
    """Start Redis and a worker, make one clip to warm it, then queue the others together."""
    async with LocalStack(folder, os.environ) as stack:
        url = stack.start_redis(stack.folder / "redis")
        settings = Settings.from_environment(stack.environ)
        picture = await Blobs.open(settings.blob_url).put(SAMPLE.read_bytes())
        async with WorkerProbe.open(url) as probe:
            await stack.start_worker()
            first = await probe.put(default_request(settings, picture))
            await probe.wait_for(Ended, first, CLIP_SECONDS)
            requests = [default_request(settings, picture, seed + 1) for seed in range(clips)]
            jobs = [await probe.put(request) for request in requests]
            for job in jobs:
                await probe.wait_for(Ended, job, CLIP_SECONDS)
            return [engine_interval(probe.events, job) for job in jobs]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.queued", description=__doc__)
    parser.add_argument("--clips", type=int, default=CLIPS, help="how many are queued together")
    clips = max(2, parser.parse_args(arguments).clips)
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
        intervals = asyncio.run(run(Path(folder), clips))
    begins, ends = zip(*intervals, strict=True)
    idle, seconds = sorted(gaps(intervals)), max(ends) - min(begins)
    median, share = idle[len(idle) // 2], sum(idle) / seconds
    print(
        f"{clips} clips queued together: {seconds:.2f} s in all; the engine stood idle"
        f" {median * 1000:.0f} ms between two (median), {share:.1%} of the time"
    )
    figures = {"clips": clips, "seconds": seconds, "idle_median_s": median, "idle_share": share}
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
