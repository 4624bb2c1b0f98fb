"""A database is copied from SQLite to PostgreSQL and back, whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.connect import open_database
from storage.database.copying import copy_database
from storage.database.jobs import Jobs
from storage.database.tables import jobs as jobs_table
from storage.database.tables import metadata
from storage.domain.begun_order import BegunOrder
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Failure
from storage.domain.cost.bill import WorkerLife
from storage.domain.delivery_state import DeliveryState, Way
from storage.domain.privacy.departure import Departure, DepartureKind
from storage.domain.privacy.post import Post
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.policy import Maintenance, ServerPolicy
from storage.settings import SettingsError
from tests.support.examples import CLIP, JOB, REQUEST, job


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(url)
    try:
        yield engine
    finally:
        await engine.dispose()


async def fill(url: str, catalogue: Catalogue) -> None:
    """Write at least one row into every table."""
    async with opened(url) as engine:
        jobs = Jobs(engine, catalogue)
        request = replace(REQUEST, prompt='镜头拉远 🎥 "it\'s" \\ %s')
        await jobs.add(replace(JOB, request=request, created=1_000_000.123456789))
        for number in range(3):
            await jobs.add(job(f"j{number}", "bob", JOB.created + number / 3))
        await jobs.dispatched("job", 1, 10.1)
        await jobs.finish("job", replace(CLIP, worker="w", seconds=1 / 3), 13.0)
        await jobs.finish("j0", Failure("failed_memory"), 14.0)
        await jobs.deliveries.put(JOB, DeliveryState((Way.EDIT,), Way.POST, 5.5))
        await jobs.lives.record(WorkerLife("a1", "w", "", 1.0, 5.0, 20.0, ended=True), 0.1)
        await jobs.bots.enter("b1")
        await jobs.decisions.change("rental", None, "fixed")
        await jobs.styles.put("ann", "watercolour", "a" * 64, 12.0)
        await jobs.servers.change(AuditEntry("7", "ann", "settings"), without_clips, 12.0)
        await jobs.privacy.erasures.ask("cid", 13.0)
        await jobs.privacy.exports.begin("ann", 13.0)
        await jobs.privacy.departures.note([Departure(DepartureKind.CHANNEL, "5", due=9.0)])
        await jobs.privacy.departures.see_guilds(["1"])
        await jobs.privacy.posts.add(Post("j1", "discord", "5", "6"))
        await jobs.forget("j0")
        await jobs.begun_orders.begin(BegunOrder("i1", "ann", "en", JOB.reply_to, "p", 1.0, "t"))


def without_clips(policy: ServerPolicy) -> ServerPolicy:
    return replace(policy, maintenance=Maintenance(12.0, "回头见"))


async def rows_of(url: str) -> dict[str, list[dict[str, Any]]]:
    async with opened(url) as engine, engine.connect() as connection:
        return {
            table.name: [
                dict(row)
                for row in (
                    await connection.execute(select(table).order_by(*table.primary_key))
                ).mappings()
            ]
            for table in metadata.sorted_tables
        }


@pytest.fixture
async def source(tmp_path: Path, catalogue: Catalogue) -> str:
    """The url of an SQLite database with rows in every table."""
    url = f"sqlite:///{tmp_path}/source.db"
    await fill(url, catalogue)
    return url


async def test_there_and_back_every_row_is_the_same(
    source: str, postgres_url: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    before = await rows_of(source)
    assert all(before.values())
    counts = {name: len(rows) for name, rows in before.items()}
    assert await copy_database(source, postgres_url) == counts
    assert await rows_of(postgres_url) == before
    back = f"sqlite:///{tmp_path}/back.db"
    assert await copy_database(postgres_url, back) == counts
    assert await rows_of(back) == before
    for url in (postgres_url, back):
        async with opened(url) as engine:  # whose numbers go on
            await Jobs(engine, catalogue).add(job("new"))


@pytest.mark.parametrize("holder", ["sqlite", "postgresql"])
async def test_a_source_that_a_bot_has_open_is_refused(
    holder: str, source: str, postgres_url: str, tmp_path: Path
) -> None:
    here = source if holder == "sqlite" else postgres_url
    target = postgres_url if holder == "sqlite" else f"sqlite:///{tmp_path}/target.db"
    async with opened(here) as engine, engine.connect():
        with pytest.raises(SettingsError, match="is in use; stop the bot first"):
            await copy_database(here, target)
    assert not any((await rows_of(target)).values())


async def test_a_target_with_any_row_is_refused(
    source: str, migrated_url: str, catalogue: Catalogue
) -> None:
    async with opened(migrated_url) as engine, engine.begin() as connection:
        days = metadata.tables["days"]
        zeros = {column.name: 0 for column in days.columns}
        await connection.execute(insert(days).values(zeros))
    before = await rows_of(migrated_url)
    with pytest.raises(SettingsError, match="is not empty"):
        await copy_database(source, migrated_url)
    assert await rows_of(migrated_url) == before


async def test_a_missing_source_is_not_created(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "nothing.db"
    with pytest.raises(SettingsError, match=r"there is no database .*nothing\.db"):
        await copy_database(f"sqlite:///{path}", postgres_url)
    assert not path.exists()


async def test_a_row_that_does_not_fit_is_named_and_nothing_is_written(
    source: str, postgres_url: str
) -> None:
    async with opened(source) as engine, engine.begin() as connection:
        bad = update(jobs_table).where(jobs_table.c.id == "j1").values(token="\0")
        await connection.execute(bad)
    with pytest.raises(SettingsError, match="a row of jobs from j0 to job does not fit"):
        await copy_database(source, postgres_url)
    assert not any((await rows_of(postgres_url)).values())


async def test_a_copy_that_differs_is_not_kept(
    source: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.copying._copy_table", _copy_nothing)
    with pytest.raises(SettingsError, match="the copy differs in audit: rows"):
        await copy_database(source, postgres_url)


async def _copy_nothing(*_: object) -> None:
    """Copy no row of a table."""
