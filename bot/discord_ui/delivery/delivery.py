"""Delivery: keeps each job's message up to date, and brings its clip exactly once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from bot.discord_ui.cards.attachment import PREVIEW, CardAttachment
from bot.discord_ui.cards.card_renderer import Card, CardRenderer
from bot.discord_ui.delivery.live_message import LiveMessage
from bot.discord_ui.delivery.message_sender import FileTooLarge, MessageSender, SendResult
from bot.discord_ui.delivery.rate_limiter import RateLimiter
from bot.discord_ui.requester import FRONT_END
from bot.studio.events import JobChanged, JobEvent, JobProgressed
from bot.studio.studio import Studio
from storage.domain.advice import Advice
from storage.domain.errors import JobGone
from storage.domain.job import Job, Status

log = logging.getLogger(__name__)

PACE = 1.0  # seconds between two edits of one message, and of one channel
TICK = 0.1
HANDS = 16  # clips that are brought at the same time
SWEEP = 3.0  # seconds between looks for clips that could not be brought


class Delivery:
    """Listens to the studio, and edits messages through the courier."""

    def __init__(
        self,
        studio: Studio,
        courier: MessageSender,
        painter: CardRenderer,
        ping_after: float,
        *,
        clock: Callable[[], float] = time.time,
        pace: float = PACE,
    ) -> None:
        self._studio = studio
        self._courier = courier
        self._painter = painter
        self._ping_after = ping_after
        self._clock = clock
        self._pace = pace
        self._forecast = studio.wait_forecast()
        self._followed: dict[str, LiveMessage] = {}
        self._channels = RateLimiter(pace)
        self._tasks: set[asyncio.Task[None]] = set()
        self._delivering: set[str] = set()
        self._hands = asyncio.Semaphore(HANDS)

    async def run(self) -> None:
        """Work until cancelled; begins with what was left over from before."""
        try:
            with self._studio.subscribe() as news:
                await self._take_up()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._repeat(self._paint, TICK))
                    group.create_task(self._repeat(self._sweep, SWEEP))
                    async for item in news:
                        self._hear(item)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take_up(self) -> None:
        """Follow every job that is not over, and bring every clip that was not delivered."""
        for job in await self._studio.unfinished(FRONT_END):
            self._follow(job)
            if job.status is Status.RUNNING:
                self._spawn(self._look(self._followed[job.id]))
        await self._sweep()

    async def _repeat(self, work: Callable[[], Coroutine[Any, Any, None]], every: float) -> None:
        while True:
            await asyncio.sleep(every)
            try:
                await work()
            except Exception:
                log.exception("delivery goes on after an error")

    async def _sweep(self) -> None:
        for job in await self._studio.undelivered(FRONT_END):
            self._spawn(self._deliver(job))

    def _hear(self, news: JobEvent) -> None:
        if isinstance(news, JobProgressed):
            followed = self._followed.get(news.job)
            if followed is not None:
                followed.progress = news.progress
                followed.stale = True
                if news.progress.preview:
                    self._spawn(self._look(followed))
        elif isinstance(news, JobChanged) and news.job.reply_to.front == FRONT_END:
            if news.job.status.final:
                self._spawn(self._deliver(news.job))
            else:
                self._follow(news.job, news.advice)
            self._forecast.expire()

    def _follow(self, job: Job, advice: tuple[Advice, ...] = ()) -> None:
        followed = self._followed.setdefault(job.id, LiveMessage(job, advice))
        followed.begin(job)

    async def _look(self, followed: LiveMessage) -> None:
        """Fetch the newest preview, beside whatever is shown meanwhile."""
        job = followed.job
        preview = await self._studio.preview(job.id)
        if preview is not None and followed.job is job:
            followed.see(preview)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _paint(self) -> None:
        """Edit at most one message of each channel, except those that show nothing yet."""
        now = time.monotonic()
        await self._update_waits()
        chosen: dict[str, LiveMessage] = {}
        for followed in list(self._followed.values()):
            channel = followed.job.reply_to.channel
            if not followed.stale or followed.lock.locked():
                continue
            if not followed.shown_at:
                self._start_showing(followed, now)
            elif self._channels.is_free(channel, now):
                best = chosen.get(channel)
                if best is None or followed.urgency(now) > best.urgency(now):
                    chosen[channel] = followed
        for channel, followed in chosen.items():
            if now - followed.shown_at >= self._pace:
                self._channels.note(channel, now)
                self._start_showing(followed, now)

    def _start_showing(self, followed: LiveMessage, now: float) -> None:
        followed.shown_at = now
        self._spawn(self._show(followed))

    async def _update_waits(self) -> None:
        """Mark the cards whose place in the queue has changed."""
        waits = await self._forecast.waits()
        for job_id, wait in waits.items():
            followed = self._followed.get(job_id)
            if followed is not None and followed.wait != wait:
                followed.wait = wait
                followed.stale = followed.stale or followed.job.status is Status.QUEUED

    async def _show(self, followed: LiveMessage) -> None:
        async with followed.lock:
            job = followed.job
            if job.id in self._delivering or job.id not in self._followed:
                return
            followed.stale = False
            tried = followed.preview
            try:
                way = await self._edit(followed)
            except Exception as error:
                log.warning("the card of %s could not be shown: %r", job.id, error)
                followed.fail(tried)
                return
            if way is SendResult.GONE:
                self._followed.pop(job.id, None)
            elif way is SendResult.NOWHERE and tried is not None:
                followed.fail(tried)  # perhaps it is the file alone that may not go there

    async def _edit(self, followed: LiveMessage) -> SendResult:
        """Bring the card up to date; a preview that is there already is not sent again."""
        job, preview, card = followed.job, followed.preview, self._card(followed)
        if followed.holds_preview:
            return await self._courier.edit_text(job, card)
        enclosed = CardAttachment(PREVIEW, preview) if preview is not None else None
        way = await self._courier.edit(job, card, enclosed)
        if way is SendResult.EDITED:
            followed.posted = preview
        return way

    def _card(self, followed: LiveMessage) -> Card:
        job, seen = followed.job, followed.preview is not None
        if job.status is Status.RUNNING or followed.progress is not None or seen:
            return self._painter.running(job, followed.progress, followed.advice, seen)
        return self._painter.waiting(job, followed.wait, followed.advice)

    async def _deliver(self, job: Job) -> None:
        """Bring a job's end to the person, once."""
        if job.id in self._delivering:
            return
        self._delivering.add(job.id)
        try:
            followed = self._followed.get(job.id) or LiveMessage(job)
            async with followed.lock, self._hands:
                job = await self._studio.job(job.id)  # its place may have changed meanwhile
                if job.delivered:
                    return
                await self._bring(job, followed.advice)
        except JobGone:
            log.info("%s was deleted before its delivery", job.id)
        except Exception:
            log.exception("%s could not be delivered yet", job.id)
        finally:
            self._followed.pop(job.id, None)
            self._delivering.discard(job.id)

    async def _bring(self, job: Job, advice: tuple[Advice, ...]) -> None:
        card, enclosed = await self._last_card(job, advice)
        try:
            way, job = await self._send(job, card, enclosed)
        except FileTooLarge:
            assert job.clip is not None
            way, job = await self._send(job, self._painter.undeliverable(job, job.clip), None)
        waited = self._clock() - job.created > self._ping_after
        if way is SendResult.EDITED and waited and job.status is not Status.CANCELLED:
            await self._courier.ping(job, self._painter.call(job))
        if way is SendResult.POSTED:
            await self._studio.move(job.id, job.reply_to)
        await self._studio.mark_delivered(job.id, job.reply_to.message)
        log.info("%s %s: %s", job.id, job.status.value, way.value)

    async def _last_card(
        self, job: Job, advice: tuple[Advice, ...]
    ) -> tuple[Card, CardAttachment | None]:
        if job.clip is None:
            return self._painter.over(job), None
        data = await self._studio.clip_file(job.clip)
        if data is None:
            log.error("the clip of %s is not in the blob store", job.id)
            return self._painter.lost(job), None
        card = self._painter.done(job, job.clip, advice)
        return card, CardAttachment.of_clip(job, job.clip, data)

    async def _send(
        self, job: Job, card: Card, enclosed: CardAttachment | None
    ) -> tuple[SendResult, Job]:
        way = await self._courier.edit(job, card, enclosed)
        if way is SendResult.NOWHERE and job.status is not Status.CANCELLED:
            return await self._courier.post(job, card, enclosed)
        return way, job
