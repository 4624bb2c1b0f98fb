"""What the page shows of orders, and how their ends are recorded."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace

from bot.studio.events import JobChanged, JobProgressed
from bot.studio.options import Options
from bot.studio.orders.order_draft import Requester
from bot.web.orders.live_orders import ENDED_SHOWN, LiveOrders
from storage.domain.clip import Failure
from storage.domain.job import Job, Status
from storage.domain.library.pages import PageRequest
from storage.domain.progress import Progress, Stage
from tests.support.backend import Backend, png, until

ADA = "web:ada"


@contextlib.asynccontextmanager
async def live_orders(backend: Backend) -> AsyncIterator[LiveOrders]:
    live = LiveOrders(backend.studio)
    running = asyncio.create_task(live.run())
    try:
        yield live
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def order(backend: Backend, live: LiveOrders, prompt: str = "zoom in") -> Job:
    ada = Requester(ADA, "en", live.reply_to(), 10**7)
    return await backend.studio.orders.submit(ada, png(), Options(prompt))


async def test_a_clip_is_delivered_into_the_history_and_charged(backend: Backend) -> None:
    async with backend.running(), live_orders(backend) as live:
        job = await order(backend, live)
        await until(backend.all_jobs_delivered)
        assert live.of(ADA)[0].job.status is Status.DONE
    page = await backend.studio.library.page(PageRequest(ADA))
    assert [one.id for one in page.jobs] == [job.id]
    report = await backend.studio.reports.of_person(ADA)
    assert report.allowance is not None
    assert report.allowance.spent == job.cost


async def test_a_failure_waits_until_its_person_has_seen_it(backend: Backend) -> None:
    backend.worker.failure = Failure("failed_refused", (("reason", "no"),))
    async with backend.running(), live_orders(backend) as live:
        job = await order(backend, live)
        await until(backend.all_jobs_delivered)
    async with live_orders(backend) as later:  # the page was started anew
        assert later.of(ADA) == []
        await later.take_waiting(ADA)
        assert [one.job.id for one in later.of(ADA)] == [job.id]
        later.dismiss(ADA, job.id)
        await later.take_waiting(ADA)
        assert later.of(ADA) == []


async def test_a_failure_that_was_shown_does_not_come_back(backend: Backend) -> None:
    backend.worker.failure = Failure("failed_refused", (("reason", "no"),))
    async with backend.running(), live_orders(backend) as live:
        for early in (True, False):
            job = await order(backend, live)
            if early:  # shown before its delivery is recorded
                await until(lambda: any(one.job.status is Status.FAILED for one in live.of(ADA)))
                await live.show(ADA)
            await until(backend.all_jobs_delivered)
            assert [one.job.id for one in await live.show(ADA)] == [job.id]
            live.dismiss(ADA, job.id)
    async with live_orders(backend) as later:
        await later.take_waiting(ADA)
        assert later.of(ADA) == []


async def test_another_attempt_begins_without_what_was_shown_of_the_last(backend: Backend) -> None:
    async with live_orders(backend) as live:
        await order(backend, live)
        await until(lambda: bool(live.of(ADA)))
        [shown] = live.of(ADA)
        first = replace(shown.job, status=Status.RUNNING, attempt=1)
        for changed in (replace(first, attempt=2), replace(first, status=Status.QUEUED)):
            backend.events.publish(JobChanged(first))
            backend.events.publish(JobProgressed(first.id, Progress(Stage.DENOISING, 1, 2)))
            await until(lambda: shown.progress is not None)
            shown.preview = b"preview"
            backend.events.publish(JobChanged(changed))
            await until(lambda job=changed: shown.job == job)  # type: ignore[misc]
            assert [shown.progress, shown.preview] == [None] * 2


async def test_an_order_goes_on_over_a_restart_of_the_page(backend: Backend) -> None:
    backend.worker.gate.clear()
    async with backend.running():
        async with live_orders(backend) as live:
            job = await order(backend, live)
            await until(lambda: any(one.progress for one in live.of(ADA)))
        async with live_orders(backend) as later:
            await until(lambda: [one.job.id for one in later.of(ADA)] == [job.id])
            backend.worker.gate.set()
            await until(backend.all_jobs_delivered)
            assert later.of(ADA)[0].job.clip is not None


async def test_a_lost_clip_is_made_again(backend: Backend) -> None:
    async def lose(clip: object) -> object:
        await backend.blobs.delete(clip.blob)  # type: ignore[attr-defined]  # a Clip
        return clip

    backend.worker.claims.append(lose)  # type: ignore[arg-type]  # returns what it was given
    async with backend.running(), live_orders(backend) as live:
        await order(backend, live)
        await until(backend.all_jobs_delivered)
        [shown] = live.of(ADA)
        assert shown.job.clip is not None
        assert await backend.studio.shown.clip_file(shown.job.clip) is not None
    assert len(backend.worker.orders) == 2


async def test_what_is_kept_is_bounded_and_persons_are_apart(backend: Backend) -> None:
    async with backend.running(), live_orders(backend) as live:
        versions = {live.version(ADA), LiveOrders(backend.studio).version(ADA)}
        assert len(versions) == 2  # a page that missed a restart is sent all cards
        for number in range(ENDED_SHOWN + 2):
            await order(backend, live, f"zoom in {number}")
            await until(backend.all_jobs_delivered)
        await until(lambda: len(live.of(ADA)) == ENDED_SHOWN)
        assert live.version(ADA) not in versions
        assert live.of("web:bob") == []
        assert live.get("web:bob", live.of(ADA)[0].job.id) is None


async def test_what_is_told_late_of_who_was_erased_is_not_shown(backend: Backend) -> None:
    live = LiveOrders(backend.studio)
    job = await order(backend, live)
    live.handle(JobChanged(job))
    known = live.version(ADA)
    live.forget_person(ADA, time.time())
    assert (live.of(ADA), live.version(ADA) == known) == ([], False)
    live.handle(JobChanged(replace(job, status=Status.CANCELLED)))
    assert live.of(ADA) == []
    later = replace(job, id="0" * 16, created=time.time() + 1)
    live.handle(JobChanged(later))
    live.forget_person(ADA, job.created)  # a notice that comes late, and once more
    live.handle(JobChanged(replace(later, status=Status.CANCELLED)))
    assert [one.job.id for one in live.of(ADA)] == [later.id]
