"""The service is opened from its settings, as the bot and the command line do."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import aiohttp
import pytest

from bot.service import check_login, count_workers, open_service
from bot.studio.options import Options
from storage.domain.catalogue import QuotaRow
from storage.domain.errors import QuotaExceeded, Unavailable
from storage.domain.models.served_model import ServedModel
from storage.queue.heartbeat import Heartbeat
from storage.settings import Settings, SettingsError
from tests.support.backend import png, requester


def settings(folder: Path, **environ: str) -> Settings:
    return Settings.from_environment({"MUTOSCOPE_HOME": str(folder), **environ})


async def test_orders_outlive_the_service(tmp_path: Path, redis_url: str) -> None:
    here = settings(tmp_path, REDIS_URL=redis_url)
    async with open_service(here) as service:
        job = await service.studio.orders.submit(requester(), png(), Options("waves"))
    async with open_service(here) as service:
        assert await service.studio.job(job.id) == job


async def test_a_quota_replaces_the_catalogues(tmp_path: Path, redis_url: str) -> None:
    poor = QuotaRow(credits_per_day=1, unfinished_jobs=1)
    async with open_service(settings(tmp_path, REDIS_URL=redis_url), poor) as service:
        with pytest.raises(QuotaExceeded):
            await service.studio.orders.submit(requester(), png(), Options("waves"))


async def test_metrics_are_served_on_their_port(
    tmp_path: Path, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot")
    async with open_service(settings(tmp_path, REDIS_URL=redis_url), metrics_port=0):
        found = re.search(r"http://\S+/metrics", caplog.text)
        assert found
        async with aiohttp.ClientSession() as session, session.get(found[0]) as answer:
            assert "mutoscope_jobs_waiting" in await answer.text()


async def test_a_database_that_cannot_be_opened_is_unavailable(
    tmp_path: Path, redis_url: str
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}"
    with pytest.raises(Unavailable):
        async with open_service(settings(tmp_path, REDIS_URL=redis_url, DATABASE_URL=url)):
            pass


async def test_workers_are_counted_only_where_redis_answers(tmp_path: Path, redis_url: str) -> None:
    assert await count_workers(redis_url, "embedded") == 0
    heart = Heartbeat(redis_url, "w", ServedModel("twin"))
    heart._renew()
    heart._redis.close()
    assert await count_workers(redis_url, "embedded") == 0
    assert await count_workers(redis_url, "twin") == 1
    with pytest.raises(Unavailable):
        await count_workers(f"unix://{tmp_path}/nothing.sock", "embedded")


async def test_a_refused_login_is_a_wrong_setting(
    tmp_path: Path, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await check_login(settings(tmp_path, REDIS_URL=redis_url))
    wrong = redis_url.replace("unix://", "unix://:geheim@")
    with pytest.raises(SettingsError, match="REDIS_URL: Redis at /") as error:
        await check_login(settings(tmp_path, REDIS_URL=wrong))
    assert "geheim" not in str(error.value)
    await check_login(settings(tmp_path, REDIS_URL=f"unix://{tmp_path}/nothing.sock"))
    assert "is away and is waited for" in caplog.text
