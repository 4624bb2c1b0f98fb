"""An erasure that stops midway goes on with the next process, also beside another one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.studio.options import Options
from bot.studio.privacy import erasing
from storage.database.privacy import erasures
from storage.database.privacy.spender_mark import mark_of, new_mark
from storage.database.tables import jobs
from storage.domain.errors import Unavailable
from storage.domain.job import Status
from storage.domain.privacy.anonymous import ANONYMOUS
from storage.domain.quota import DAY
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.policy import Ban, ServerPolicy
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import CLIP, REQUEST, job
from tests.support.privacy.traces import in_files, in_tables

OWNER = "90071992547409930"
WORDS = [OWNER.encode(), b"unicorn"]


async def order(backend: Backend, seed: int, owner: str = OWNER) -> str:
    options = Options("a unicorn, zoom in", seed=seed)
    return (await backend.studio.orders.submit(requester(owner), png(), options)).id


async def nothing_asked(backend: Backend) -> bool:
    return not await backend.jobs.privacy.erasures.owners()


@pytest.mark.parametrize("step", ["unfinished", "erase_jobs", "erase_rest"])
async def test_another_process_goes_on_where_one_was_killed(
    two_bots: tuple[Backend, Backend], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first, second = two_bots
    await order(first, 1)

    async def killed(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(first.jobs.privacy.erasures, step, killed)
    with pytest.raises(asyncio.CancelledError):
        await first.studio.privacy.erasing.forget(OWNER)
    assert await in_tables(second.settings, WORDS[:1])
    going_on = asyncio.create_task(second.studio.privacy.run())
    await until(lambda: nothing_asked(second))
    await until(lambda: not in_files(second.settings.mutoscope_home / "blobs", [b""]))
    going_on.cancel()
    await asyncio.gather(going_on, return_exceptions=True)
    assert await in_tables(second.settings, WORDS) == []


async def test_two_processes_forget_one_person_at_once(two_bots: tuple[Backend, Backend]) -> None:
    orders = [await order(two_bots[0], number) for number in range(3)]
    before = (await two_bots[0].studio.reports.of_person(OWNER)).credits
    await asyncio.gather(*(bot.studio.privacy.erasing.forget(OWNER) for bot in two_bots))
    assert await in_tables(two_bots[0].settings, WORDS) == []
    report = await two_bots[0].studio.reports.of_person(ANONYMOUS)
    assert report.counts[Status.CANCELLED] == len(orders)
    assert report.credits == before == 0


async def test_more_jobs_than_one_step_takes_are_all_erased(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (erasing, erasures):
        monkeypatch.setattr(module, "BATCH", 2)
    for number in range(5):
        request = replace(REQUEST, prompt="a unicorn", seed=number)
        done = replace(job(f"{number:016x}", OWNER), request=request, cached=True, cost=0)
        await backend.jobs.add(replace(done, status=Status.DONE, clip=CLIP, delivered=1.0))
    await backend.studio.privacy.erasing.forget(OWNER)
    assert await in_tables(backend.settings, WORDS) == []


@pytest.mark.parametrize("damage", ["request = '{'", "cost = -1, created = 'x', dispatched = 'y'"])
async def test_a_row_that_cannot_be_read_keeps_nothing(backend: Backend, damage: str) -> None:
    spent = (await backend.jobs.sums.allowance(OWNER, time.time())).spent
    bad = await order(backend, 1)
    await order(backend, 2)
    async with backend.jobs._write() as connection:
        await connection.exec_driver_sql(f"UPDATE jobs SET {damage} WHERE id = ?", (bad,))
    await backend.studio.privacy.erasing.forget(OWNER)
    assert await in_tables(backend.settings, WORDS) == []
    assert (await backend.jobs.sums.allowance(OWNER, time.time())).spent == spent == 0
    async with backend.jobs._read() as connection:
        status = await connection.scalar(select(jobs.c.status).where(jobs.c.id == bad))
    assert status == Status.FAILED.value


async def test_an_order_whose_id_is_not_unicode_is_erased(backend: Backend) -> None:
    """Of an unfinished order and of an ended one; only SQLite stores such ids."""
    spent = (await backend.jobs.sums.allowance(OWNER, time.time())).spent
    bad = {await order(backend, 1): "x'fffe'", await order(backend, 2): "x'fffd'"}
    await backend.studio.cancel(next(iter(bad)), OWNER)
    async with backend.jobs._write() as connection:
        await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for job_id, damage in bad.items():
            for column in ("jobs SET id", "ledger SET job", "deliveries SET job"):
                key = column.rpartition(" ")[2]
                statement = f"UPDATE {column} = CAST({damage} AS TEXT) WHERE {key} = ?"
                await connection.exec_driver_sql(statement, (job_id,))
    await backend.studio.privacy.erasing.forget(OWNER)
    assert await in_tables(backend.settings, WORDS) == []
    assert (await backend.jobs.sums.allowance(OWNER, time.time())).spent == spent == 0


async def test_who_cannot_be_forgotten_keeps_nobody_else_waiting(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    table = backend.jobs.privacy.erasures
    await table.ask("2", 1.0)
    await backend.studio.privacy.erasing.ask(OWNER)
    erase_rest = table.erase_rest

    async def fail(owner: str, asked: float, *, ends: bool) -> bool:
        if owner == "2":
            raise ZeroDivisionError
        return await erase_rest(owner, asked, ends=ends)

    async def only_one_is_left() -> bool:
        return await table.owners() == ["2"]

    monkeypatch.setattr(table, "erase_rest", fail)
    going_on = asyncio.create_task(backend.studio.privacy.erasing.run())
    await until(only_one_is_left)
    going_on.cancel()
    await asyncio.gather(going_on, return_exceptions=True)
    assert "a person is forgotten later" in caplog.text


async def test_a_ban_stays_and_who_banned_is_not_named(backend: Backend) -> None:
    def banned(policy: ServerPolicy) -> ServerPolicy:
        return ServerPolicy(bans=(Ban(OWNER, by="77", at=1.0), Ban("88", by=OWNER, at=2.0)))

    await backend.jobs.servers.change(AuditEntry("7", OWNER, "settings", OWNER), banned, 1.0)
    await backend.studio.privacy.erasing.forget(OWNER)
    policy = await backend.jobs.servers.policy("7")
    assert policy.bans == (Ban(OWNER, by="77", at=1.0), Ban("88", by=ANONYMOUS, at=2.0))
    [entry] = await backend.jobs.audit.page("7", 9)
    assert (entry.actor, entry.subject) == (ANONYMOUS, ANONYMOUS)


async def test_a_name_that_is_part_of_another_takes_nothing_of_theirs(backend: Backend) -> None:
    bans = tuple(Ban(name, by="77", at=1.0, reason="web:ad") for name in ("web:ad", "web:ada"))
    for number, name in enumerate(("web:ad", "web:ada")):
        entry = AuditEntry("7", "77", "ban", str(number), {"person": name})
        await backend.jobs.audit.record(entry, 1.0)
    made = AuditEntry("7", "77", "settings")
    await backend.jobs.servers.change(made, lambda _: ServerPolicy(bans=bans), 1.0)
    await backend.jobs.audit.record(AuditEntry("7", "77", "ban", "2", {"person": "web:Ad"}), 1.0)
    await backend.studio.privacy.erasing.forget("web:ad")
    assert (await backend.jobs.servers.policy("7")).bans == bans
    details = {one.subject: one.detail for one in await backend.jobs.audit.page("7", 9)}
    assert details == {**details, "0": {}, "1": {"person": "web:ada"}, "2": {"person": "web:Ad"}}


async def test_every_process_hears_who_is_erased(two_bots: tuple[Backend, Backend]) -> None:
    first, second = two_bots
    hears = asyncio.create_task(second.studio.privacy.notices.run())
    heard, told = asyncio.Queue[str](), list[str]()

    async def fails(_: str, __: float) -> None:
        raise ZeroDivisionError

    async def other(owner: str, _: float) -> None:
        heard.put_nowait(owner)

    async def own(owner: str, _: float) -> None:
        told.append(owner)

    stop = second.studio.privacy.notices.listen(fails)
    second.studio.privacy.notices.listen(other)
    first.studio.privacy.notices.listen(own)

    async def is_heard() -> bool:
        await first.studio.privacy.erasing.forget(OWNER)
        return not heard.empty()

    await until(is_heard)
    assert await heard.get() == OWNER
    assert set(told) == {OWNER}
    stop()
    hears.cancel()
    await asyncio.gather(hears, return_exceptions=True)


async def test_who_is_erased_without_redis_is_told_by_a_process_that_has_one(
    two_bots: tuple[Backend, Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `mutoscope forget` beside a page with a Redis of its own."""
    first, second = two_bots
    heard = list[tuple[str, float]]()

    async def hear(owner: str, asked: float) -> None:
        heard.append((owner, asked))

    async def away(*_: object) -> None:
        raise Unavailable("unavailable_queue")

    second.studio.privacy.notices.listen(hear)
    monkeypatch.setattr(first.queue, "announce_forgotten", away)
    await order(first, 1)
    assert not await first.studio.privacy.erasing.forget(OWNER)
    assert {table for table, _ in await in_tables(first.settings, WORDS)} == {"erasures"}
    await first.studio.privacy.erasing._erase_all()  # nothing is left to do but to tell
    asked = await first.jobs.privacy.erasures.asked(OWNER)
    await second.studio.privacy.erasing._erase_all()
    assert heard == [(OWNER, asked)]
    assert await in_tables(first.settings, WORDS) == []


async def test_an_order_of_after_the_erasure_stays(two_bots: tuple[Backend, Backend]) -> None:
    """Where a slower process comes to a person whom another one has erased already."""
    first, second = two_bots
    await order(first, 1)
    await first.studio.privacy.erasing.ask(OWNER)
    erase_or_log = first.studio.privacy.erasing._erase_or_log
    later = list[str]()

    async def slower(owner: str) -> None:
        await second.studio.privacy.erasing.forget(owner)
        later.append(await order(second, 2))
        await erase_or_log(owner)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(first.studio.privacy.erasing, "_erase_or_log", slower)
        await first.studio.privacy.erasing._erase_all()
    assert (await first.jobs.get(later[0])).status is Status.QUEUED


async def test_what_is_ordered_while_an_erasure_waits_stays_with_its_sums(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("unavailable_queue")

    await order(backend, 1)
    announce = backend.queue.announce_forgotten
    monkeypatch.setattr(backend.queue, "announce_forgotten", away)
    erasing = backend.studio.privacy.erasing
    await erasing.forget(OWNER)
    stays = await order(backend, 2)
    reserved = (await backend.jobs.sums.allowance(OWNER, time.time())).reserved
    monkeypatch.setattr(backend.queue, "announce_forgotten", announce)
    await erasing._erase_all()
    assert await nothing_asked(backend)
    assert (await backend.jobs.get(stays)).status is Status.QUEUED
    allowance = await backend.jobs.sums.allowance(OWNER, time.time())
    assert (allowance.reserved, allowance.unfinished) == (reserved, 1)
    await backend.studio.cancel(stays, OWNER)
    counts = [(await backend.studio.reports.of_person(one)).counts for one in (OWNER, ANONYMOUS)]
    assert [one[Status.CANCELLED] for one in counts] == [1, 1]
    await erasing.forget(OWNER)
    assert await in_tables(backend.settings, WORDS) == []


async def test_a_deleted_clip_leaves_nothing_where_its_process_is_killed(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = await order(backend, 1)

    async def killed(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(backend.blobs, "delete", killed)
        with pytest.raises(asyncio.CancelledError):
            await backend.studio.delete(deleted, OWNER)
    assert in_files(backend.settings.mutoscope_home / "blobs", [b""])
    await backend.studio.privacy.cleaner.clean()
    assert in_files(backend.settings.mutoscope_home / "blobs", [b""]) == []
    assert await in_tables(backend.settings, [b"unicorn"]) == []


async def test_credits_are_not_there_again_for_who_was_forgotten(backend: Backend) -> None:
    async with backend.running():
        await order(backend, 1)
        await until(backend.all_jobs_ended)
    table, now = backend.jobs, time.time()
    before = await table.sums.allowance(OWNER, now)
    assert before.spent > 0
    await backend.studio.privacy.erasing.forget(OWNER)
    after = await table.sums.allowance(OWNER, now)
    assert (after.spent, after.left) == (before.spent, before.left)
    assert (await table.sums.allowance("77", now)).spent == 0
    assert await in_tables(backend.settings, WORDS) == []


async def test_a_mark_leads_to_nobody_after_its_month(backend: Backend) -> None:
    now = time.time()
    async with backend.jobs._write() as connection:
        first = await new_mark(connection, OWNER, now)
        assert await mark_of(connection, OWNER, now) == first
        later = now + 32 * DAY
        assert await mark_of(connection, OWNER, later) is None
        assert await new_mark(connection, OWNER, later) != first
        assert await mark_of(connection, OWNER, now) is None
