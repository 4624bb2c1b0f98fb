"""/readyz tells the truth about the gateway, the database and Redis."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from bot import health
from bot.health import Readiness
from bot.metrics import BotMetrics
from tests.support.backend import Backend, open_backend
from tests.support.redis_server import RestartableRedis

ALL = {"gateway": True, "database": True, "queue": True}


async def test_every_part_is_checked_at_each_request(
    tmp_path: Path,
    restartable_redis: RestartableRedis,
    mp4: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 60.0)
    gateway = asyncio.Event()
    async with open_backend(tmp_path, restartable_redis.url, mp4) as backend:
        readiness = Readiness(backend.jobs, backend.queue, gateway.is_set)
        assert await readiness.check() == {**ALL, "gateway": False}
        gateway.set()
        assert await readiness.check() == ALL
        restartable_redis.stop()
        assert await readiness.check() == {**ALL, "queue": False}
        restartable_redis.start()
        assert await readiness.check() == ALL
        other = sqlite3.connect(tmp_path / "mutoscope.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(health, "CHECK_SECONDS", 0.5)
        assert not (await readiness.check())["database"]
        other.execute("ROLLBACK")
        monkeypatch.setattr(health, "CHECK_SECONDS", 60.0)
        assert await readiness.check() == ALL
        other.close()


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_the_status_says_whether_all_parts_work(
    ready: bool, status: int, backend: Backend
) -> None:
    readiness = Readiness(backend.jobs, backend.queue, lambda: ready)
    runner = await BotMetrics(backend.jobs, backend.queue, set(), backend.scaling()).serve(
        0, readiness.serve
    )
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(url) as session:
        async with session.get("/readyz") as answer:
            assert answer.status == status
            assert await answer.json() == {**ALL, "gateway": ready}
        async with session.get("/healthz") as answer:
            assert answer.status == 200
    await runner.cleanup()
