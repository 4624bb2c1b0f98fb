"""Of several bots on one database, one shows each job; another takes over where it is gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bot.studio.events import HeldJobsChanged
from bot.studio.keep_running import keep_running
from bot.studio.lease import DEAD_SECONDS, RENEW_SECONDS, VALID_SECONDS, Lease
from storage.domain.errors import HolderChanged, Unavailable
from storage.domain.job import Job, Status
from tests.support.backend import Backend
from tests.support.examples import JOB, job

FRONT = JOB.reply_to.front


class Bot:
    """A bot's lease, with a clock of its own."""

    def __init__(self, backend: Backend, folder: Path) -> None:
        self.now = 0.0
        self.events = backend.events.subscribe()
        self.lease = Lease(backend.jobs.bots, backend.events, FRONT, folder, lambda: self.now)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, with the renewals that fall into it."""
        end = self.now + seconds
        while self.now + RENEW_SECONDS <= end:
            self.now += RENEW_SECONDS
            await self.lease.renew()
        self.now = end


@pytest.fixture
def new_bot(backend: Backend, tmp_path: Path) -> Callable[..., Bot]:
    """Return new bots; those with other folders are on other machines."""

    def make(folder: str = "bots") -> Bot:
        return Bot(backend, tmp_path / folder)

    return make


async def order(backend: Backend, bot: Bot, name: str = "one") -> Job:
    """Add a job as this bot's person orders it."""
    new = replace(job(name), holder=bot.lease.id)
    await backend.jobs.add(new)
    return new


async def test_a_bot_on_another_machine_takes_over_when_the_count_stands_still(
    backend: Backend, new_bot: Callable[..., Bot]
) -> None:
    first, second = new_bot("here"), new_bot("there")
    await first.lease.renew()
    await second.lease.renew()
    held = await order(backend, first)
    await second.pass_time(DEAD_SECONDS - RENEW_SECONDS)
    assert (await backend.jobs.get(held.id)).holder == first.lease.id
    await second.pass_time(RENEW_SECONDS)
    adopted = await backend.jobs.get(held.id)
    assert adopted.holder == second.lease.id
    second.lease.check(adopted)
    with pytest.raises(HolderChanged):
        first.lease.check(adopted)


async def test_a_bot_that_renews_keeps_its_jobs(
    backend: Backend, new_bot: Callable[..., Bot]
) -> None:
    first, second = new_bot("here"), new_bot("there")
    await first.lease.renew()
    held = await order(backend, first)
    for _ in range(8):
        await second.pass_time(RENEW_SECONDS)
        await first.pass_time(RENEW_SECONDS)
    assert (await backend.jobs.get(held.id)).holder == first.lease.id
    first.lease.check(held)


async def test_the_end_of_a_bot_on_this_machine_is_seen_at_once(
    backend: Backend, new_bot: Callable[..., Bot]
) -> None:
    first, second = new_bot(), new_bot()
    await first.lease.renew()
    held = await order(backend, first)
    await second.lease.renew()
    assert (await backend.jobs.get(held.id)).holder == first.lease.id
    assert first.lease._lock_file is not None
    os.close(first.lease._lock_file)  # as the system does for a process that was killed
    await second.lease.renew()
    assert (await backend.jobs.get(held.id)).holder == second.lease.id
    assert await backend.jobs.bots.listed() == {second.lease.id}


async def test_a_bot_that_leaves_hands_its_jobs_over(
    backend: Backend, new_bot: Callable[..., Bot], tmp_path: Path
) -> None:
    first, second = new_bot("here"), new_bot("there")
    await first.lease.renew()
    await second.lease.renew()
    held = await order(backend, first)
    await first.lease.leave()
    assert list((tmp_path / "here").iterdir()) == []
    await second.lease.renew()
    assert (await backend.jobs.get(held.id)).holder == second.lease.id


async def test_a_bot_that_stood_still_waits_for_its_renewal(
    backend: Backend, new_bot: Callable[..., Bot]
) -> None:
    only = new_bot()
    await only.lease.renew()
    held = await order(backend, only)
    only.now += VALID_SECONDS + 0.1
    with pytest.raises(Unavailable):
        only.lease.check(held)
    await only.lease.renew()
    only.lease.check(held)


async def test_a_bot_whose_jobs_were_taken_over_goes_on_under_another_id(
    backend: Backend, new_bot: Callable[..., Bot]
) -> None:
    first, second = new_bot(), new_bot()
    await first.lease.renew()
    await second.lease.renew()
    held, before = await order(backend, first), first.lease.id
    await second.pass_time(DEAD_SECONDS)
    first.now += DEAD_SECONDS
    await first.lease.renew()
    assert first.lease.id != before
    with pytest.raises(HolderChanged):
        first.lease.check(held)
    assert await backend.jobs.bots.listed() == {first.lease.id, second.lease.id}
    new = await order(backend, first, "two")
    first.lease.check(new)
    await second.lease.renew()
    assert (await backend.jobs.get(new.id)).holder == first.lease.id


async def test_a_bot_that_stood_still_itself_takes_nobody_for_dead(
    backend: Backend, new_bot: Callable[..., Bot]
) -> None:
    first, second = new_bot("here"), new_bot("there")
    await first.lease.renew()
    await second.lease.renew()
    second.now += 10 * DEAD_SECONDS
    await second.lease.renew()
    assert first.lease.id in await backend.jobs.bots.listed()


async def test_who_shows_other_jobs_than_before_is_told(
    backend: Backend, new_bot: Callable[..., Bot]
) -> None:
    only = new_bot()
    ended, waiting = await order(backend, new_bot(), "ended"), await order(backend, new_bot())
    await backend.jobs.cancel(ended.id, None, 5.0)
    await only.lease.renew()
    assert await anext(only.events) == HeldJobsChanged()
    held = [await backend.jobs.get(one.id) for one in (ended, waiting)]
    assert [one.holder for one in held] == [only.lease.id] * 2
    assert held[0].status is Status.CANCELLED


async def test_delivered_jobs_and_those_of_another_front_end_are_left(
    backend: Backend, new_bot: Callable[..., Bot], tmp_path: Path
) -> None:
    delivered = await order(backend, new_bot())
    await backend.jobs.cancel(delivered.id, None, 5.0)
    await backend.jobs.delivered(delivered.id, "", 6.0)
    other = await order(backend, new_bot(), "other")
    await Lease(backend.jobs.bots, backend.events, "other", tmp_path).renew()
    for left in (delivered, other):
        assert (await backend.jobs.get(left.id)).holder == left.holder


async def test_without_a_place_for_its_lock_file_a_bot_holds_jobs_too(
    backend: Backend, new_bot: Callable[..., Bot], tmp_path: Path
) -> None:
    (tmp_path / "bots").write_text("in the way")
    only = new_bot()
    await only.lease.renew()
    only.lease.check(await order(backend, only))
    await only.lease.leave()
    assert await backend.jobs.bots.listed() == set()


async def test_each_front_end_has_a_first_bot_of_its_own(backend: Backend, tmp_path: Path) -> None:
    fronts = ("discord", "web", "discord", "web")
    leases = [Lease(backend.jobs.bots, backend.events, front, tmp_path) for front in fronts]
    assert not any(one.is_first() for one in leases)
    for lease in (*leases, *leases):
        await lease.renew()
    first = [one for one, lease in zip(fronts, leases, strict=True) if lease.is_first()]
    assert sorted(first) == ["discord", "web"]


async def test_a_bot_renews_in_time_whatever_its_renewals_raise(
    new_bot: Callable[..., Bot], monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, pauses = new_bot(), list[float]()

    async def damaged() -> None:
        raise ValueError("a damaged row")

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            raise asyncio.CancelledError

    monkeypatch.setattr("bot.studio.lease.keep_running", partial(keep_running, sleep=sleep))
    monkeypatch.setattr(bot.lease, "renew", damaged)
    with pytest.raises(asyncio.CancelledError):
        await bot.lease.run()
    assert max(pauses) < VALID_SECONDS
