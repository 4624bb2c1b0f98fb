"""What is too old, too much or named by nothing goes; what anybody waits for stays."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bot.studio.options import Options
from bot.studio.privacy import data_keeper
from bot.studio.privacy.blob_sweep import PREFIXES
from bot.studio.privacy.data_keeper import DataKeeper
from bot.studio.privacy.retention import BATCH
from storage.domain.errors import JobGone
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.privacy.departure import Departure, DepartureKind
from storage.domain.privacy.retention import RetentionRules
from storage.domain.quota import DAY
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.policy import ServerPolicy
from tests.support.backend import Backend, png, requester
from tests.support.examples import REQUEST, job

UNREADABLE = ("cost = -1, locale = 5, request = '{'", "id = CAST(x'fffe' AS TEXT)")
"""Damages of a row."""


async def add(backend: Backend, number: int, days: float, guild: str = "") -> Job:
    """Add a delivered clip that ended so many days ago."""
    picture = await backend.blobs.put(png((32, 32), f"#{number:06x}"))
    request = replace(REQUEST, picture=picture, seed=number)
    clip = await backend.worker.store_clip(request)
    done = replace(job(f"{number:016x}"), request=request, cached=True, cost=0, clip=clip)
    ended = time.time() - days * DAY
    done = replace(done, status=Status.DONE, ended=ended, delivered=ended)
    done = replace(done, reply_to=ReplyTarget("discord", guild=guild))
    await backend.jobs.add(done)
    return done


async def is_kept(backend: Backend, one: Job) -> bool:
    try:
        await backend.jobs.get(one.id)
    except JobGone:
        return False
    return True


def keep(backend: Backend, days: int = 0, most_bytes: int = 0) -> None:
    backend.studio.privacy.retention.rules = RetentionRules(days, most_bytes)


def age(backend: Backend, *keys: str) -> None:
    """Let blobs be two days old."""
    for key in keys:
        path = Path(backend.settings.mutoscope_home) / "blobs" / key[:2] / key
        os.utime(path, (time.time() - 2 * DAY,) * 2)


async def sweep(backend: Backend) -> None:
    for prefix in PREFIXES:
        await backend.studio.privacy.sweep.sweep(prefix)
    await backend.studio.privacy.cleaner.clean()


async def test_the_shorter_of_both_retentions_counts(backend: Backend) -> None:
    def three_days(_: ServerPolicy) -> ServerPolicy:
        return ServerPolicy(retention_days=3)

    await backend.jobs.servers.change(AuditEntry("7", "9", "settings"), three_days, 1.0)
    old, there, here = [
        await add(backend, number, days, guild)
        for number, (days, guild) in enumerate([(11, "8"), (4, "7"), (4, "8")])
    ]
    late = replace(await add(backend, 9, 99), id="late", delivered=0.0)
    await backend.jobs.add(late)
    retention = backend.studio.privacy.retention
    keep(backend, days=10)
    assert await retention.delete_old() == 3
    assert await retention.delete_old() == 0
    kept = [await is_kept(backend, one) for one in (old, there, here, late)]
    assert kept == [False, False, True, True]
    assert [await retention.days(guild) for guild in ("7", "8", "")] == [3, 10, 10]


async def waiting(backend: Backend, number: int, days: float) -> Job:
    """Add a clip that waits in /clips for so many days."""
    one = replace(await add(backend, number, days, "7"), id=f"waiting{number}", delivered=0.0)
    await backend.jobs.add(one)
    await backend.jobs.delivered(one.id, "", time.time() - days * DAY, waits=True)
    return one


async def test_what_waits_to_be_fetched_is_kept_for_thirty_days(backend: Backend) -> None:
    late, old, fetched = [await waiting(backend, one, days) for one, days in enumerate((29, 31, 9))]
    await backend.jobs.deliveries.fetched(fetched.id)
    departing, gone = backend.studio.privacy.departing, Departure(DepartureKind.GUILD, "7", "", 1.0)
    await backend.jobs.privacy.departures.note([gone])
    for _ in range(3):
        await departing.delete(gone, "discord")
    assert [await is_kept(backend, one) for one in (late, old, fetched)] == [True, False, False]
    assert [one.name for one in await backend.jobs.privacy.departures.due(1e12)] == ["7"]
    old = await waiting(backend, 4, 31)
    keep(backend, days=1)
    retention = backend.studio.privacy.retention
    assert late.id not in await retention.oldest()
    await retention.delete_old()
    assert [await is_kept(backend, one) for one in (late, old)] == [True, False]
    await backend.jobs.deliveries.fetched(late.id)
    for _ in range(2):
        await departing.delete(gone, "discord")
    assert await backend.jobs.privacy.departures.due(1e12) == []


@pytest.mark.parametrize("damage", UNREADABLE)
async def test_a_row_that_cannot_be_read_does_not_end_a_departure(
    backend: Backend, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.privacy.departures.BATCH", 2)
    clips = [await add(backend, number, 9, "7") for number in range(4)]
    async with backend.jobs._write() as connection:
        await connection.exec_driver_sql(f"UPDATE jobs SET {damage} WHERE id = ?", (clips[0].id,))
    departing, gone = backend.studio.privacy.departing, Departure(DepartureKind.GUILD, "7", "", 1.0)
    await backend.jobs.privacy.departures.note([gone])
    for _ in range(4):
        await departing.delete(gone, "discord")
    assert [await is_kept(backend, one) for one in clips[1:]] == [False] * 3
    assert await backend.jobs.privacy.departures.due(1e12) == []


async def test_records_of_the_audit_log_go_once_they_are_old(backend: Backend) -> None:
    retention, audit = backend.studio.privacy.retention, backend.jobs.audit
    for number in range(2 * BATCH + 1):
        days = 0 if number == 2 * BATCH else 30
        entry = AuditEntry("7", "1", "settings", str(number))
        await audit.record(entry, time.time() - days * DAY)
    retention.rules = RetentionRules(audit_days=0)
    assert await retention.delete_old_records() == 0
    retention.rules = RetentionRules(audit_days=29)
    deleted = [await retention.delete_old_records() for _ in range(3)]
    assert deleted == [BATCH, BATCH, 0]
    assert [one.subject for one in await audit.page("7", 9)] == [str(2 * BATCH)]


async def test_records_with_a_wrong_time_keep_no_others(backend: Backend) -> None:
    retention, audit = backend.studio.privacy.retention, backend.jobs.audit
    for number in range(BATCH + 1):
        await audit.record(AuditEntry("7", "1", "settings", str(number)), time.time() + DAY)
    async with backend.jobs._write() as connection:
        await connection.exec_driver_sql("UPDATE audit SET at = 'damaged' WHERE subject = '0'")
    await audit.record(AuditEntry("7", "1", "settings", "old"), time.time() - 30 * DAY)
    retention.rules = RetentionRules(audit_days=29)
    assert [await retention.delete_old_records() for _ in range(2)] == [1, 0]


async def test_the_picture_of_a_waiting_job_stays(backend: Backend) -> None:
    keep(backend, days=1)
    waiting = await backend.studio.orders.submit(requester(), png(), Options("waves", seed=1))
    old = await add(backend, 1, 5)
    again = replace(old.request, seed=77)
    await backend.jobs.add(replace(job("again"), request=again))
    await backend.studio.privacy.retention.delete_old()
    assert not await is_kept(backend, old)
    assert old.clip is not None
    assert not await backend.blobs.has(old.clip.blob)
    for key in (waiting.request.picture, old.request.picture):
        assert await backend.blobs.has(key)


async def test_the_oldest_go_until_the_store_is_below_its_limit(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_keeper, "PAUSE", 0.0)
    clips = [await add(backend, number, 9 - number) for number in range(4)]
    await sweep(backend)
    total = backend.studio.privacy.sweep.total
    assert total is not None
    monkeypatch.setattr("bot.studio.privacy.retention.BATCH", 1)
    keep(backend, most_bytes=total - 1)
    await DataKeeper(backend.studio.privacy, lambda: True).step()
    assert [await is_kept(backend, one) for one in clips] == [False, True, True, True]


async def test_old_blobs_that_nothing_names_are_swept(backend: Backend) -> None:
    clip = await add(backend, 1, 0)
    assert clip.clip is not None
    orphan, young = [await backend.blobs.put(data) for data in (b"orphan", b"young")]
    styled = await backend.blobs.put(b"style")
    await backend.jobs.styles.put("ann", "ink", styled, 1.0)
    age(backend, orphan, styled, clip.clip.blob, clip.request.picture)
    await sweep(backend)
    assert not await backend.blobs.has(orphan)
    for key in (young, styled, clip.clip.blob, clip.request.picture):
        assert await backend.blobs.has(key)


async def test_an_upload_that_is_swept_while_it_is_ordered_is_there_again(
    backend: Backend,
) -> None:
    key = await backend.blobs.put(png())
    age(backend, key)
    sweeping = asyncio.create_task(sweep(backend))
    order = await backend.studio.orders.submit(requester(), png(), Options("waves", seed=1))
    await sweeping
    await sweep(backend)
    assert order.request.picture == key == sha256(png()).hexdigest()
    assert await backend.blobs.has(key)


@pytest.mark.parametrize("damage", UNREADABLE)
async def test_a_row_that_cannot_be_read_does_not_keep_the_others(
    backend: Backend, damage: str
) -> None:
    bad, good = await add(backend, 1, 9), await add(backend, 2, 8)
    async with backend.jobs._write() as connection:
        await connection.exec_driver_sql(f"UPDATE jobs SET {damage} WHERE id = ?", (bad.id,))
    keep(backend, days=1)
    await backend.studio.privacy.retention.delete_old()
    await backend.studio.privacy.retention.delete_old()
    assert not await is_kept(backend, good)
