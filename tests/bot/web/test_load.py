"""Twenty persons at once: news at least every second for each, and memory that stays flat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from aiohttp import ClientSession

from bot.studio.options import Options
from bot.studio.orders.order_draft import Requester
from storage.domain.catalogue import QuotaRow
from storage.domain.job import ReplyTarget
from tests.support.backend import Backend, open_backend, png, until
from tests.support.clip_files import small_webp
from tests.support.web.served_page import served_page

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(900)]

PERSONS, ORDERS = 20, 200
LOOK_SECONDS = 0.5
"""Between two looks of an open page, as in page.js."""
WARM = ORDERS // 4
"""Orders after which memory is compared."""
GROWTH = 24 * 2**20  # bytes
PLENTY = QuotaRow(credits_per_day=10**6, unfinished_jobs=10**3)


@dataclass
class Watcher:
    """A page that somebody has open: it looks as often as the script does."""

    url: str
    name: str
    gaps: list[float] = field(default_factory=list)

    async def watch(self) -> None:
        """Look until cancelled; keep the seconds between two answers."""
        version, last = "", time.monotonic()
        async with ClientSession(self.url, headers={"X-User": self.name}) as session:
            while True:
                query = {"version": version}
                async with session.get("/mutoscope/orders", params=query) as answer:
                    told = await answer.json()
                now = time.monotonic()
                self.gaps.append(now - last)
                version, last = told["version"], now
                await asyncio.sleep(LOOK_SECONDS)


async def orders_of(backend: Backend, name: str) -> AsyncIterator[None]:
    """Order one clip after the other, each when the one before is there."""
    for number in range(ORDERS // PERSONS):
        person = Requester(f"web:{name}", "en", ReplyTarget("web"), 10**7)
        options = Options(f"zoom in {number}", seed=number)
        job = await backend.studio.orders.submit(person, png(colour="teal"), options)

        async def delivered(job_id: str = job.id) -> bool:
            return bool((await backend.studio.job(job_id)).delivered)

        await until(delivered, 120.0)
        yield


async def test_twenty_persons_are_kept_up_to_date(
    tmp_path: Path, redis_url: str, mp4: bytes
) -> None:
    settings = {"WEB_USER_HEADER": "X-User", "WEB_TRUSTED_PROXIES": "127.0.0.1"}
    names = [f"person{number}" for number in range(PERSONS)]
    process, memory = psutil.Process(), list[int]()
    async with (
        open_backend(tmp_path, redis_url, mp4, PLENTY) as backend,
        backend.running(),
        served_page(backend, **settings) as served,
    ):
        backend.worker.preview = small_webp()
        watchers = [Watcher(served.url, name) for name in names]
        watching = [asyncio.create_task(one.watch()) for one in watchers]

        async def order(name: str) -> None:
            async for _ in orders_of(backend, name):
                memory.append(process.memory_info().rss)

        await asyncio.gather(*map(order, names))
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    gaps = [gap for one in watchers for gap in one.gaps[1:]]
    late = sorted(gaps)[len(gaps) * 99 // 100]
    growth = memory[-1] - memory[WARM]
    print(
        f"\n{PERSONS} persons, {len(memory)} orders: news every {sum(gaps) / len(gaps):.2f} s,"
        f" 99 % within {late:.2f} s, at most {max(gaps):.2f} s; {memory[-1] / 2**20:.0f} MiB,"
        f" {growth / 2**20:+.1f} MiB since order {WARM}"
    )
    assert len(memory) == ORDERS
    assert late <= 1.0
    assert growth < GROWTH
