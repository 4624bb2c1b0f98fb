"""Killed anywhere between the click and the ping, the bot ends each order in one post or one word.

`CRASH_POINTS=all` in the environment tries every point, not only a sample.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import BOT
from deploy.local.stack.child_process import ChildProcess, python
from storage.database.connect import open_database
from storage.domain.clip import Clip, Failure
from storage.queue.messages.orders import Order
from storage.queue.reporter import ProgressReporter
from tests.bot.studio.chains.test_stories import StoryWorker
from tests.support.backend import Backend, ScriptedWorker, png, until
from tests.support.crashing_process import COUNTING

INTERRUPTED = "Your order was interrupted"
LOADING = 1 << 7
ALL = os.environ.get("CRASH_POINTS") == "all"
SAMPLE = {
    **{"animate": (4, 9, 21), "two": (26,), "again": (5,), "react": (2, 17), "post": (38,)},
    **{"story": (3, 18, 30, 33), "extend": (5, 19)},
}
QUICK = {("animate", 21), ("two", 26), ("react", 17), ("story", 33)}
"""What every run tries; the rest of the sample is slow."""

LAST = {"animate": 36, "two": 68, "again": 32, "react": 34, "post": 44, "story": 43, "extend": 30}
POINTS = [
    pytest.param(order, number, marks=() if (order, number) in QUICK else pytest.mark.slow)
    for order, sample in SAMPLE.items()
    for number in (range(1, LAST[order] + 1) if ALL else sample)
]


@dataclass
class CrashRun:
    """A local Discord and a worker in this process, and bot processes that end and start again."""

    server: LocalDiscord
    member: MemberClient
    backend: Backend
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        settings = self.backend.settings
        return {
            **os.environ,
            "MUTOSCOPE_HOME": str(settings.mutoscope_home),
            "REDIS_URL": settings.redis_url,
            "DISCORD_TOKEN": "local",
            "DISCORD_API_URL": self.server.api_url,
            "DISCORD_GATEWAY_URL": self.server.gateway_url,
            "PING_AFTER": "0",
            "FILTER": "off",
            "PYTHONUNBUFFERED": "1",
        }

    @asynccontextmanager
    async def bot(self, number: int = 0, ending: str = "SIGKILL") -> AsyncIterator[ChildProcess]:
        """Run a bot inside this block that a signal ends at this point (0: at none)."""
        command = python("tests.support.crashing_process", "bot.__main__", ending, str(number))
        process = await ChildProcess.start(
            "bot", command, self.environ, self.folder / f"bot-{number}.log"
        )
        try:
            await asyncio.wait_for(self.member.wait_for_command("animate"), 60)
            await until(self.is_online)
            yield process
        finally:
            await process.stop()

    async def is_online(self) -> bool:
        """Tell whether the bot's gateway is connected."""
        return bool((await self.member.state())["bot"]["online"])

    async def ordered(self) -> int:
        """Return how many jobs there are."""
        return sum((await self.backend.studio.reports.of_everybody(1)).counts.values())

    async def has_no_segments(self) -> bool:
        """Tell whether nothing of a story's segments is left."""
        return not await self.backend.queue.jobs_with_segments()

    async def finished(self, ordered: int = 0) -> list[Json]:
        """Wait until nothing is begun, unfinished or undelivered; return the bot's messages.

        ordered is how many jobs there must be at least.
        """

        async def idle() -> bool:
            begun = await self.backend.jobs.begun_orders.all("discord")
            delivered = not begun and await self.backend.all_jobs_delivered()
            return delivered and await self.ordered() >= ordered

        await until(idle, 60)
        return await self.posted()

    async def posted(self) -> list[Json]:
        """Return the bot's messages, the oldest first."""
        return [m for m in await self.member.messages() if m["author"]["id"] == BOT]


class SegmentWorker(StoryWorker):
    """A worker that makes stories segment by segment, and any other clip at once."""

    async def __call__(self, order: Order, reporter: ProgressReporter) -> Clip | Failure:
        if order.request.segments:
            return await super().__call__(order, reporter)
        return await ScriptedWorker.__call__(self, order, reporter)


@pytest.fixture
async def run(tmp_path: Path, backend: Backend) -> AsyncIterator[CrashRun]:
    backend.worker = SegmentWorker(backend.blobs, backend.worker.mp4)
    async with (
        LocalDiscord(tmp_path / "discord") as server,
        MemberClient(server.url) as member,
        backend.running_worker(),
    ):
        yield CrashRun(server, member, backend, tmp_path)


async def count_from_now(bot: ChildProcess) -> None:
    """Let a bot number its writes and requests from now on."""
    bot.process.send_signal(signal.SIGUSR1)
    await bot.wait_for_line(COUNTING)


async def begin(run: CrashRun, order: str, clip: Json | None) -> Json:
    """Order in this way; return the outcome of the interaction."""
    member = run.member
    if order == "react":
        assert clip is not None
        await member.react(clip["id"], "🔁")
        return {"kind": "reaction"}
    if order == "again":
        assert clip is not None
        return await member.press(clip["id"], buttons_of(clip)["again"])
    if order == "extend":
        assert clip is not None
        form = await member.press(clip["id"], buttons_of(clip)["extend"])
        return await answered(member, form, {"prompt": "tilt up"})
    if order == "story":
        form = await member.command("story", picture=await member.upload("a.png", png()))
        return await answered(member, form, {"prompt": "zoom in\npan left\ntilt up"})
    if order == "post":
        fault = {"method": "PATCH", "path": "/messages/", "status": 403, "times": 10**6}
        await member.call("POST", "/local/faults", fault)
    pictures: dict[str, Any] = {"picture": await member.upload("a.png", png(colour="red"))}
    if order == "two":
        pictures["picture_2"] = await member.upload("b.png", png(colour="blue"))
    return await member.command("animate", prompt="zoom in", **pictures)


async def answered(member: MemberClient, form: Json, answers: dict[str, Any]) -> Json:
    """Submit a form, where it was shown; return the outcome."""
    return await member.submit(form["interaction"], answers) if form["kind"] == "modal" else form


async def first_clip(run: CrashRun) -> Json:
    """Order a clip to retry, with its ping, and return its message."""
    await begin(run, "animate", None)
    return next(message for message in await run.finished() if clip_of(message))


async def assert_ledger(run: CrashRun) -> None:
    """Compare the ledger's sum with the costs of the finished clips, and look for left uploads."""
    engine = await open_database(run.backend.settings.database_url)
    async with engine.connect() as connection:
        paid = await connection.scalar(text("SELECT coalesce(sum(credits), 0) FROM ledger"))
        query = "SELECT coalesce(sum(cost), 0) FROM jobs WHERE status = 'done' AND NOT cached"
        cost = await connection.scalar(text(query))
        needed = await connection.scalar(text("SELECT group_concat(request) FROM jobs")) or ""
    await engine.dispose()
    assert paid == cost
    for colour in ("red", "blue"):
        key = sha256(png(colour=colour)).hexdigest()
        assert key in needed or not await run.backend.blobs.has(key)


@pytest.mark.parametrize("away", [1, 400] if ALL else [400])
@pytest.mark.parametrize(("order", "number"), POINTS)
async def test_a_killed_bot_ends_each_order_in_one_post_or_one_word(
    run: CrashRun, order: str, number: int, away: int
) -> None:
    clip: Json | None = None
    before: list[str] = []
    async with run.bot(number) as process:
        if order in ("again", "react", "extend"):
            clip = await first_clip(run)
            before = [message["id"] for message in await run.posted()]
        await count_from_now(process)
        ordered = await run.ordered()
        outcome = await begin(run, order, clip)
        ended = asyncio.create_task(process.process.wait())
        idle = asyncio.create_task(run.finished(ordered + 1))
        await asyncio.wait({ended, idle}, return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        await asyncio.gather(idle, return_exceptions=True)
        survived = process.alive
    assert not survived or ALL, "there are fewer points than this"
    run.server.clock.advance(away)
    async with run.bot():
        await run.finished()
        await asyncio.sleep(1)  # a second post would come by now
        await until(run.has_no_segments)
    new = [message for message in await run.posted() if message["id"] not in before]
    words = [message for message in new if INTERRUPTED in message["content"]]
    clips = [message for message in new if clip_of(message)]
    pings = [message for message in new if "your clip is ready" in message["content"]]
    if order == "post":  # nothing can be edited, so the acknowledgement stays as it is
        new = [message for message in new if not message["flags"] & LOADING]
    assert len(new) == len(words) + len(clips) + len(pings)
    assert not any(message["flags"] & LOADING for message in new)
    if outcome["kind"] == "deferred":
        assert (len(words), len(clips)) in ((1, 0), (0, 2 if order == "two" else 1))
    elif outcome["kind"] == "reaction" and number > 1:  # before point 2 nothing was written
        assert (len(words), len(clips)) in ((1, 0), (0, 1))
    else:
        assert (words, clips) == ([], [])
    assert len(pings) <= len(clips)
    await assert_ledger(run)


@pytest.mark.parametrize("number", [2, 4, pytest.param(8, marks=pytest.mark.slow)])
async def test_a_stopped_bot_finishes_or_tells_what_was_begun(run: CrashRun, number: int) -> None:
    async with run.bot(number, "SIGTERM") as process:
        await count_from_now(process)
        outcome = await begin(run, "animate", None)
        assert await asyncio.wait_for(process.process.wait(), 60) == 0
    assert outcome["kind"] == "deferred"
    assert await run.backend.jobs.begun_orders.all("discord") == []
    [job] = await run.backend.jobs.pending.all()
    async with run.bot():
        assert sum(1 for message in await run.finished() if clip_of(message)) == 1
    assert (await run.backend.jobs.get(job.id)).delivered
