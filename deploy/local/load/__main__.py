"""Measures the bot beside many waiting and many finished jobs; prints one JSON object.

Real bot, queue and local Discord; only the workers are scripted. With waiting jobs, members order
now and then while the workers make clips; without any, the bot is watched while nothing happens.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import psutil

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.state.guild import ADA
from deploy.local.load.history import Volume, fill, is_person
from deploy.local.load.timed_bot import StatementTime, read_statements
from deploy.local.stack.child_process import ChildProcess
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.waiting import poll
from deploy.local.visitors import noise, quantile, visitors
from storage.database.copying import copy_database
from storage.settings import Settings

READY_SECONDS = 900.0  # the migration of a long history included
SETTLE_SECONDS = 15.0  # between the bot's start and the measurement
VISITORS = 40  # members who order meanwhile
BURST = 4  # orders at once
BURST_SECONDS = 2.0
DELETES = 10
REPORT_DAYS = (1, 7, 90)
REPORTS = 12  # of each kind
OWNER = re.compile(r"^<@(\d+)>")


class LoadTest:
    """The running service, and the files in which bot and workers write down their times."""

    def __init__(self, stack: LocalStack, arguments: argparse.Namespace) -> None:
        self._stack = stack
        self._arguments = arguments
        self._engine_log = stack.folder / "engine.txt"
        self._statement_log = stack.folder / "statements.jsonl"
        self._picture = noise()
        self._began = 0.0  # of the measurement, in monotonic seconds
        # What was measured, in seconds and shares.
        self.acknowledged: list[float] = []
        self.deleted: list[float] = []
        self.quotas: list[float] = []
        self.reported: list[float] = []
        self.reported_service: list[float] = []
        self.figures: dict[str, object] = {}

    async def start(self) -> None:
        """Start everything; return once the bot takes orders and has settled."""
        stack, arguments = self._stack, self._arguments
        stack.environ["OPERATORS"] = ADA
        shutil.rmtree(stack.logs, ignore_errors=True)  # of an earlier measurement in this folder
        for log in (self._engine_log, self._statement_log):
            log.unlink(missing_ok=True)
        stack.start_redis(stack.folder / "redis")
        await stack.start_discord()
        bot = [str(self._statement_log)]
        began = time.monotonic()
        stack.bot = await stack.start("bot", "deploy.local.load.timed_bot", *bot)
        async with MemberClient(stack.page) as member:
            await asyncio.wait_for(member.wait_for_command("animate"), READY_SECONDS)
        self.figures["ready_s"] = round(time.monotonic() - began, 1)
        options = ["--workers", str(arguments.workers), "--seconds", str(arguments.clip_seconds)]
        await stack.start(
            "worker", "deploy.local.load.scripted_workers", str(self._engine_log), *options
        )
        if arguments.waiting:
            await poll(self._engine_log.exists, READY_SECONDS, "the workers")
        await asyncio.sleep(SETTLE_SECONDS)

    async def measure(self) -> None:
        """Watch the bot for the wanted time, with orders if jobs wait."""
        bot, began = psutil.Process(self._bot.process.pid), time.monotonic()
        cpu, read = sum(bot.cpu_times()[:2]), bot.io_counters().read_chars
        if self._arguments.waiting:
            await self._order_for(self._arguments.seconds)
        else:
            await asyncio.sleep(self._arguments.seconds)
        ended = time.monotonic()
        cpu, read = sum(bot.cpu_times()[:2]) - cpu, bot.io_counters().read_chars - read
        self.figures |= {
            "bot_cpu_share": round(cpu / (ended - began), 3),
            "bot_read_mib_per_s": round(read / (ended - began) / 2**20, 3),
        }
        self._began = began
        if self._arguments.waiting:
            self.figures["engine_idle_share"] = self._idle_share(began, ended)

    @property
    def _bot(self) -> ChildProcess:
        assert self._stack.bot is not None
        return self._stack.bot

    def add_statements(self) -> None:
        """Note the slowest statement since the measurement began."""
        entries = read_statements(self._statement_log)
        found = [entry for entry in entries if entry.at >= self._began]
        slowest = max(found, key=lambda entry: entry.seconds, default=StatementTime(0, 0, ""))
        text = " ".join(slowest.text.split())
        self.figures |= {
            "statement_max_ms": round(slowest.seconds * 1000, 1),
            "statement": text[:300],
        }

    def _idle_share(self, began: float, ended: float) -> float:
        """Return the share of the time between two clips of one worker, while it was watched."""
        clips: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for line in self._engine_log.read_text().splitlines():
            name, begin, end = line.split()
            if began <= float(begin) and float(end) <= ended:
                clips[name].append((float(begin), float(end)))
        idle = sum(
            after[0] - before[1] for made in clips.values() for before, after in pairwise(made)
        )
        watched = sum(made[-1][1] - made[0][0] for made in clips.values())
        return round(idle / watched, 3) if watched else 1.0

    async def _order_for(self, seconds: float) -> None:
        """Let visitors order in bursts."""
        async with visitors(self._stack.page, VISITORS) as members:
            uploads = [await one.upload("picture.png", self._picture) for one in members]
            deadline, number = time.monotonic() + seconds, 0
            while time.monotonic() < deadline:
                pause = asyncio.create_task(asyncio.sleep(BURST_SECONDS))
                chosen = [(number + step) % VISITORS for step in range(BURST)]
                orders = (self._order(members[one], uploads[one]) for one in chosen)
                await asyncio.gather(*orders)
                number += BURST
                await pause

    async def _order(self, visitor: MemberClient, upload: str) -> Json:
        answer = await visitor.command("animate", picture=upload, prompt="zoom in")
        self.acknowledged.append(answer["seconds"])
        return answer

    async def delete_and_report(self) -> None:
        """Time the deletion of finished clips by their owners, and reports."""
        page = self._stack.page
        async with visitors(page, DELETES) as members, MemberClient(page) as admin:
            if not self._arguments.waiting:
                for visitor in members:
                    upload = await visitor.upload("picture.png", self._picture)
                    answer = await self._order(visitor, upload)
                    await visitor.wait_for_message(answer["message"], clip_of)
            finished = [one for one in await admin.messages() if "delete" in buttons_of(one)]
            for message in finished[-DELETES:]:
                [owner] = OWNER.findall(message["content"])
                async with MemberClient(self._stack.page, user_id=owner) as member:
                    began = time.monotonic()
                    await member.press(message["id"], buttons_of(message)["delete"])
                    await member.wait_until_deleted(message["id"])
                    self.deleted.append(time.monotonic() - began)
            await self._read_reports(admin)

    async def _read_reports(self, admin: MemberClient) -> None:
        """Time the reports on people, on the admin's server and on the whole service."""
        members = (await admin.state())["members"]
        people = [one["id"] for one in members if is_person(one["global_name"])]
        with self._bot_cpu("quota"):
            for owner in people[:REPORTS]:
                async with MemberClient(self._stack.page, user_id=owner) as member:
                    self.quotas.append(await _answer_seconds(member, "quota"))
        for name, seconds, options in (
            ("report", self.reported, {}),
            ("service_report", self.reported_service, {"service": True}),
        ):
            with self._bot_cpu(name):
                for number in range(REPORTS):
                    days = REPORT_DAYS[number % len(REPORT_DAYS)]
                    taken = await _answer_seconds(admin, "report", days=days, **options)
                    seconds.append(taken)

    @contextlib.contextmanager
    def _bot_cpu(self, name: str) -> Iterator[None]:
        """Note the bot's processor time for each of the REPORTS that are read inside the block.

        It is what a report takes on an idle machine, however crowded this one is.
        """
        bot = psutil.Process(self._bot.process.pid)
        before = sum(bot.cpu_times()[:2])
        yield
        spent = sum(bot.cpu_times()[:2]) - before
        self.figures[f"{name}_cpu_ms"] = round(spent / REPORTS * 1000, 1)


async def _answer_seconds(member: MemberClient, name: str, **options: object) -> float:
    """Return how long a command takes until its embed is there."""
    began = time.monotonic()
    answer = await member.command(name, **options)
    await member.wait_for_message(answer["message"], lambda seen: seen["embeds"])
    return time.monotonic() - began


def milliseconds(seconds: Sequence[float], share: float) -> float | None:
    """Return the value that this share of them does not exceed, None of none."""
    return round(quantile(seconds, share) * 1000, 1) if seconds else None


async def run(folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Fill the folder if it is empty, start everything, and measure."""
    async with LocalStack(folder, os.environ) as stack:
        settings = Settings.from_environment(stack.environ)
        if not (stack.folder / "mutoscope.db").exists():
            volume = Volume(arguments.waiting, arguments.finished, arguments.people)
            await asyncio.to_thread(fill, settings, stack.folder / "discord", noise(), volume)
            if arguments.database_url:
                await copy_database(settings.database_url, arguments.database_url)
        if arguments.database_url:
            stack.environ["DATABASE_URL"] = arguments.database_url
        test = LoadTest(stack, arguments)
        await test.start()
        await test.measure()
        await test.delete_and_report()
        test.add_statements()
    volume_figures = {name: getattr(arguments, name) for name in ("waiting", "finished", "people")}
    return {
        **volume_figures,
        **test.figures,
        "orders": len(test.acknowledged),
        "acknowledged_p99_ms": milliseconds(test.acknowledged, 0.99),
        "acknowledged_median_ms": milliseconds(test.acknowledged, 0.5),
        "delete_median_ms": milliseconds(test.deleted, 0.5),
        "delete_max_ms": milliseconds(test.deleted, 1.0),
        **{
            f"{name}_{share}_ms": milliseconds(seconds, quantile_of)
            for name, seconds in (
                ("quota", test.quotas),
                ("report", test.reported),
                ("service_report", test.reported_service),
            )
            for share, quantile_of in (("median", 0.5), ("max", 1.0))
        },
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.load", description=__doc__)
    parser.add_argument("--waiting", type=int, default=10_000, help="jobs that wait")
    parser.add_argument("--finished", type=int, default=0, help="jobs that have finished")
    parser.add_argument("--people", type=int, default=400, help="who ordered these jobs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clip-seconds", type=float, default=2.0, help="the engine's, for a clip")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure")
    parser.add_argument("--home", type=Path, help="a folder to fill, or one filled before")
    parser.add_argument("--database-url", help="an empty database that the bot has instead")
    read = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="mutoscope-")
        folder = read.home or Path(stack.enter_context(temporary))
        print(json.dumps(asyncio.run(run(folder, read))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
