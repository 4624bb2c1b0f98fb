"""Three latencies that a person notices: acknowledgement, start of the job, delivery of the clip.

Prints each against its limit, and one JSON object as the last line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.waiting import poll
from deploy.local.visitors import noise, quantile, visitors
from deploy.local.worker_probe import WorkerProbe, default_request
from storage.queue.messages.events import Ended, Started
from storage.settings import Settings

MEMBERS, ROUNDS, STARTS, CLIPS = 50, 3, 20, 5
READY_SECONDS = 120.0
EVENT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class LatencyResult:
    """One latency and its limit, in seconds."""

    name: str
    measured: float
    limit: float
    samples: int

    @property
    def is_within_limit(self) -> bool:
        """Tell whether the latency is below its limit."""
        return self.measured < self.limit

    def __str__(self) -> str:
        """Return the result as one line."""
        verdict = "kept" if self.is_within_limit else "MISSED"
        return (
            f"{self.name}: {self.measured * 1000:.0f} ms"
            f" (limit: {self.limit * 1000:.0f} ms, {verdict}; {self.samples} samples)"
        )


async def acknowledgements(page: str) -> LatencyResult:
    """Let many members order at once, and cancel each order."""
    async with visitors(page, MEMBERS) as members:
        seconds: list[float] = []
        for _ in range(ROUNDS):
            uploads = [await member.upload("picture.png", noise()) for member in members]
            orders = zip(members, uploads, strict=True)
            answers = await asyncio.gather(*(_order(*order) for order in orders))
            seconds += [answer["seconds"] for answer in answers]
            pairs = zip(members, answers, strict=True)
            await asyncio.gather(*(_cancel(*pair) for pair in pairs))
    name = "interaction to acknowledgement, 99 % of 50 at once"
    return LatencyResult(name, quantile(seconds, 0.99), 0.5, len(seconds))


async def _order(member: MemberClient, upload: str) -> Json:
    answer = await member.command("animate", picture=upload, prompt="zoom in")
    if answer["kind"] != "deferred":
        raise RuntimeError(f"an order was answered by {answer}")
    return answer


async def _cancel(member: MemberClient, answer: Json) -> None:
    key = answer["message"]
    message = await member.wait_for_message(key, lambda seen: bool(buttons_of(seen)))
    if "cancel" in buttons_of(message):
        await member.press(key, buttons_of(message)["cancel"])
        await member.wait_for_message(key, lambda seen: "cancel" not in buttons_of(seen))


async def starts(probe: WorkerProbe, settings: Settings) -> LatencyResult:
    """Queue orders for an idle worker; their picture is missing, so each ends at once."""
    request = default_request(settings, sha256(b"no such picture").hexdigest())
    seconds: list[float] = []
    for _ in range(STARTS):
        await asyncio.sleep(0.2)  # idle again
        began = time.time()
        job = await probe.put(request)
        _, started = await probe.wait_for(Started, job, EVENT_SECONDS)
        seconds.append(started.at - began)
        await probe.wait_for(Ended, job, EVENT_SECONDS)
    median = statistics.median(seconds)
    return LatencyResult("enqueue to the worker's start, median", median, 0.1, STARTS)


async def deliveries(page: str, probe: WorkerProbe) -> LatencyResult:
    """Order a few short clips one after the other, and time the arrival of each."""
    seconds: list[float] = []
    options = {"prompt": "zoom in", "steps": 2, "frames": 8}
    async with MemberClient(page) as member:
        upload = await member.upload("picture.png", noise())
        for _ in range(CLIPS):
            answer = await member.command("animate", picture=upload, **options)
            message = await member.wait_for_message(
                answer["message"], lambda seen: clip_of(seen) is not None
            )
            posted = time.time()
            job = buttons_of(message)["again"].removeprefix("again:")
            ended, _ = await probe.wait_for(Ended, job, EVENT_SECONDS)
            seconds.append(posted - ended)
    return LatencyResult("worker's end to the posted clip, slowest", max(seconds), 0.5, CLIPS)


async def run(folder: Path) -> list[LatencyResult]:
    """Start everything and measure the three."""
    async with LocalStack(folder, os.environ) as stack:
        await stack.start_all()
        settings = Settings.from_environment(stack.environ)
        async with WorkerProbe.open(settings.redis_url) as probe:
            async with MemberClient(stack.page) as member:
                await asyncio.wait_for(member.wait_for_command("animate"), READY_SECONDS)
            await poll(probe.workers, READY_SECONDS, "the worker")
            results = [await starts(probe, settings), await deliveries(stack.page, probe)]
            return [await acknowledgements(stack.page), *results]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return 0 if every latency is below its limit."""
    argparse.ArgumentParser(prog="make latency", description=__doc__).parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
        results = asyncio.run(run(Path(folder)))
    for result in results:
        print(result)
    kept = all(result.is_within_limit for result in results)
    names = ("acknowledged_p99_s", "started_median_s", "delivered_max_s")
    figures = {name: round(one.measured, 4) for name, one in zip(names, results, strict=True)}
    print(json.dumps({**figures, "kept": kept}))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
