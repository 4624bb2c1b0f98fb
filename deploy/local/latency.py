"""The three times that a person feels: to the answer, to the start, and from the end to the clip.

Prints each against its bar, and one JSON object as the last line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from PIL import Image

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import Member
from deploy.local.stack.local_stack import Household
from deploy.local.stack.waiting import until
from storage.domain.request import GenerationRequest
from storage.queue.client import Queue
from storage.queue.messages import Ended, Event, Order, Started

PEOPLE, ROUNDS, STARTS, CLIPS = 50, 3, 20, 5
READY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One time that was measured (in seconds) and what it must stay under."""

    name: str
    measured: float
    limit: float
    samples: int

    def __str__(self) -> str:
        """Say it in one line."""
        verdict = "kept" if self.measured < self.limit else "MISSED"
        return (
            f"{self.name}: {self.measured * 1000:.0f} ms"
            f" (bar: {self.limit * 1000:.0f} ms, {verdict}; {self.samples} samples)"
        )


async def acknowledgements(page: str) -> Bar:
    """Let many people order at once; each is then told that it was cancelled."""
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(Member(page))
        people = []
        for number in range(PEOPLE):
            body = {"name": f"Guest{number}", "locale": "en-US"}
            record = await host.call("POST", "/local/members", body)
            person = Member(page, person=record["user"]["id"])
            people.append(await stack.enter_async_context(person))
        seconds: list[float] = []
        for _ in range(ROUNDS):
            uploads = [await one.upload("picture.png", picture()) for one in people]
            orders = zip(people, uploads, strict=True)
            answers = await asyncio.gather(*(_order(one, upload) for one, upload in orders))
            seconds += [answer["seconds"] for answer in answers]
            await asyncio.gather(*(_cancel(*pair) for pair in zip(people, answers, strict=True)))
    return Bar(
        "interaction to acknowledgement, 99 % of 50 at once", high(seconds), 0.5, len(seconds)
    )


async def _order(one: Member, upload: str) -> Json:
    answer = await one.command("animate", picture=upload, prompt="zoom in")
    if answer["kind"] != "deferred":
        raise RuntimeError(f"an order was answered by {answer}")
    return answer


async def _cancel(one: Member, answer: Json) -> None:
    message = await one.watch(answer["message"], lambda seen: bool(buttons_of(seen)))
    if "cancel" in buttons_of(message):
        await one.press(answer["message"], buttons_of(message)["cancel"])
        await one.watch(answer["message"], lambda seen: "cancel" not in buttons_of(seen))


class Tap:
    """Hears what workers announce, and when."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._times: dict[tuple[str, type[Event]], float] = {}

    async def listen(self) -> None:
        """Hear until cancelled."""
        async for event in self._queue.events():
            now = event.at if isinstance(event, Started) else time.time()
            self._times[event.job, type(event)] = now

    async def time_of(self, job: str, kind: type[Event]) -> float:
        """Return when this was announced of a job, in unix seconds."""
        return await until(lambda: self._times.get((job, kind)), 60, f"{kind.__name__} of {job}")


async def starts(queue: Queue, tap: Tap) -> Bar:
    """Put orders on the queue of an idle worker; their picture is missing, so each ends at once."""
    seconds: list[float] = []
    for _ in range(STARTS):
        await asyncio.sleep(0.2)  # idle again
        order = Order(secrets.token_hex(8), 1, _request(), 10**7)
        began = time.time()
        await queue.put(order)
        seconds.append(await tap.time_of(order.job, Started) - began)
        await tap.time_of(order.job, Ended)
    return Bar("enqueue to the worker's start, median", statistics.median(seconds), 0.1, STARTS)


async def deliveries(page: str, tap: Tap) -> Bar:
    """Order a few short clips one after the other, and see when each is there."""
    seconds: list[float] = []
    async with Member(page) as member:
        upload = await member.upload("picture.png", picture())
        for _ in range(CLIPS):
            answer = await member.command(
                "animate", picture=upload, prompt="zoom in", steps=2, frames=8
            )
            message = await member.watch(answer["message"], lambda seen: clip_of(seen) is not None)
            posted = time.time()
            job = buttons_of(message)["again"].removeprefix("again:")
            seconds.append(posted - await tap.time_of(job, Ended))
    return Bar("worker's end to the posted clip, slowest", max(seconds), 0.5, CLIPS)


def picture() -> bytes:
    """Return a small picture that nobody ordered before."""
    noise = Image.effect_noise((64, 64), 40).resize((256, 256)).convert("RGB")
    file = BytesIO()
    noise.save(file, "PNG")
    return file.getvalue()


def high(seconds: list[float]) -> float:
    """Return what 99 % of the times stay under (nearest rank)."""
    ranked = sorted(seconds)
    return ranked[max(0, -(-99 * len(ranked) // 100) - 1)]


def _request() -> GenerationRequest:
    return GenerationRequest(
        picture=sha256(secrets.token_bytes(8)).hexdigest(),
        prompt="zoom in",
        model="embedded",
        width=128,
        height=128,
        frames=8,
        fps=8,
        steps=2,
        guidance=1.0,
        seed=0,
    )


async def run(folder: Path) -> list[Bar]:
    """Start everything and measure the three."""
    async with Household(folder, os.environ) as household:
        url = household.start_redis()
        page = await household.start_discord()
        await household.start_bot()
        await household.start_worker()
        queue = await Queue.connect(url)
        tap = Tap(queue)
        listening = asyncio.create_task(tap.listen())
        try:
            async with Member(page) as member:
                await asyncio.wait_for(member.wait_for_command("animate"), READY_SECONDS)
            await until(queue.workers, READY_SECONDS, "the worker")
            bars = [await starts(queue, tap), await deliveries(page, tap)]
            return [await acknowledgements(page), *bars]
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await queue.close()


def main(words: list[str] | None = None) -> int:
    """Measure, print, and return 0 where every bar is kept."""
    argparse.ArgumentParser(prog="make latency", description=__doc__).parse_args(words)
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
        bars = asyncio.run(run(Path(folder)))
    for bar in bars:
        print(bar)
    names = ("acknowledged_p99_s", "started_median_s", "delivered_max_s")
    figures = {name: round(bar.measured, 4) for name, bar in zip(names, bars, strict=True)}
    print(json.dumps({**figures, "kept": all(bar.measured < bar.limit for bar in bars)}))
    return 0 if all(bar.measured < bar.limit for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
