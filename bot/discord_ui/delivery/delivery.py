"""Keeps the messages of unfinished jobs up to date, and delivers each finished clip once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace

import aiohttp
import discord

from bot.discord_ui.cards.card import Card
from bot.discord_ui.cards.card_renderer import CardRenderer
from bot.discord_ui.commands.interrupted_orders import InterruptedOrders
from bot.discord_ui.delivery.live_message import LiveMessage, pause
from bot.discord_ui.delivery.message_sender import FileTooLarge, MessageSender, SendResult
from bot.discord_ui.rate_limiter import RateLimiter
from bot.discord_ui.requester import FRONT_END
from bot.studio.delivery.job_follower import JobFollower
from bot.studio.events import HeldJobsChanged, JobEvent, JobProgressed
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.privacy.private_orders import is_private
from bot.studio.studio import Studio
from bot.studio.wait_forecast import LOOKUPS
from storage.domain.advice import Advice
from storage.domain.errors import HolderChanged, JobGone, Unavailable
from storage.domain.job import Job, Status
from storage.logs import log_job
from storage.tracing import add_job

log = logging.getLogger(__name__)

# in seconds
EDIT_INTERVAL = 1.0  # between two edits of one message, and of one channel
POLL_INTERVAL = 0.1  # between looks for stale messages
RETRY_INTERVAL = 3.0  # between looks for outcomes that were not delivered

TOKEN_INTERVAL = 60.0  # between deletions of interaction tokens that have expired
RECENT_SECONDS = 30.0  # an older order's message was edited before this process began

CONCURRENT_DELIVERIES = 16
RESUMED_AT_ONCE = 200
STALE_LIMIT = 100  # messages that wait for an edit, beyond which no position is looked up for more
MAX_FAILURES = 10  # errors in a row after which a job's outcome waits until its owner fetches it
MAX_OUTAGES = 1440  # the same while Discord is away, about a day
OUTAGES = (discord.DiscordServerError, aiohttp.ClientError, OSError, TimeoutError, Unavailable)


class Delivery(JobFollower):
    """Edits messages as the studio's events say, and sends the results of jobs."""

    def __init__(
        self,
        studio: Studio,
        sender: MessageSender,
        renderer: CardRenderer,
        ping_after: float,
        *,
        interrupted: InterruptedOrders,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Deliver the jobs of this front end; a job older than ping_after seconds is pinged for."""
        loops = (
            (self._edit_stale, POLL_INTERVAL),
            (self._deliver_leftovers, RETRY_INTERVAL),
            (self._drop_dead_tokens, TOKEN_INTERVAL),
            (self._take_over, RETRY_INTERVAL),
        )
        super().__init__(studio, loops=loops, beside=(interrupted.run,))
        self._sender = sender
        self._renderer = renderer
        self._ping_after = ping_after
        self._clock = clock
        self._forecast = studio.reports.wait_forecast()
        self._messages: dict[str, LiveMessage] = {}  # by job id
        self._stale: dict[str, None] = {}  # ids of the jobs whose messages are to be edited
        self._channels = RateLimiter(EDIT_INTERVAL)
        self._first_messages = KeyedLocks()  # by token: an order's messages are posted in its order
        self._delivering: set[str] = set()
        self._retry_at: dict[str, float] = {}  # monotonic seconds, by the id of an ended job
        self._free_deliveries = asyncio.Semaphore(CONCURRENT_DELIVERIES)
        self._held_changed = asyncio.Event()

    async def _take_over(self) -> None:
        """Show the jobs that this bot holds from now on, and no others."""
        await self._held_changed.wait()
        await self.resume()
        self._held_changed.clear()

    async def resume(self) -> None:
        """Show the jobs that this bot holds, and no others."""
        holder = self._studio.holder()
        for message in list(self._messages.values()):
            if message.job.holder != holder:
                self._messages.pop(message.job.id)
        for number, job in enumerate(await self._studio.shown.unfinished(FRONT_END)):
            if number % RESUMED_AT_ONCE == 0:
                await asyncio.sleep(0)  # a long queue must not hold up the rest
            message = self._track(job)
            if job.status is Status.RUNNING:
                self.spawn(self._fetch_preview(message))
            elif job.reply_to.message and self._clock() - job.created > RECENT_SECONDS:
                message.stale, message.edited_at = False, time.monotonic()
        await self._deliver_leftovers()

    async def _deliver_leftovers(self) -> None:
        now, jobs = time.monotonic(), await self._studio.shown.undelivered(FRONT_END)
        kept = {job.id for job in jobs}
        self._retry_at = {key: at for key, at in self._retry_at.items() if key in kept}
        for job in jobs:
            if self._retry_at.get(job.id, now) <= now:
                self.spawn(self._deliver(job))

    async def _drop_dead_tokens(self) -> None:
        await self._studio.shown.drop_dead_tokens(self._clock())

    def handle(self, event: JobEvent) -> None:
        """Show what became of a job, or deliver its end."""
        if isinstance(event, JobProgressed):
            message = self._messages.get(event.job)
            if message is not None:
                message.set_progress(event.progress)
                if event.progress.preview:
                    self.spawn(self._fetch_preview(message))
        elif isinstance(event, HeldJobsChanged):
            self._held_changed.set()
        elif event.job.reply_to.front == FRONT_END:
            if event.job.holder != self._studio.holder():
                self._messages.pop(event.job.id, None)
            elif event.job.status.final:
                self.spawn(self._deliver(event.job))
            else:
                self._track(event.job, event.advice)
            self._forecast.expire()

    def _track(self, job: Job, advice: tuple[Advice, ...] = ()) -> LiveMessage:
        message = self._messages.setdefault(job.id, LiveMessage(job, advice, stale_ids=self._stale))
        message.set_job(job)
        if job.status is Status.QUEUED:
            self._forecast.follow(job)
        return message

    async def _fetch_preview(self, message: LiveMessage) -> None:
        job = message.job
        with log_job(job.id):
            preview = await self._studio.shown.preview(job.id)
        if preview is not None and message.job.attempt == job.attempt:
            message.set_preview(preview)

    async def _edit_stale(self) -> None:
        """Edit the most urgent stale message of each channel, and all that were never edited."""
        now = time.monotonic()
        await self._update_estimates()
        chosen: dict[str, LiveMessage] = {}
        for job_id in list(self._stale):
            message = self._messages.get(job_id)
            if message is None:
                del self._stale[job_id]
                continue
            channel = message.job.reply_to.channel
            if message.lock.locked() or message.retry_at > now:
                continue
            if not message.edited_at:
                self._start_edit(message, now)
            elif self._channels.allows(channel, now):
                best = chosen.get(channel)
                if best is None or message.urgency(now) > best.urgency(now):
                    chosen[channel] = message
        for channel, message in chosen.items():
            if now - message.edited_at >= EDIT_INTERVAL:
                self._channels.record(channel, now)
                self._start_edit(message, now)

    def _start_edit(self, message: LiveMessage, now: float) -> None:
        message.edited_at = now
        self.spawn(self._edit(message))

    async def _update_estimates(self) -> None:
        """Mark the messages of waiting jobs whose position or start has changed."""
        lookups = LOOKUPS if len(self._stale) < STALE_LIMIT else 0
        for job_id, estimate in (await self._forecast.estimates(lookups)).items():
            message = self._messages.get(job_id)
            if message is not None and message.estimate != estimate:
                message.estimate = estimate
                message.stale = message.stale or message.job.status is Status.QUEUED

    async def _edit(self, message: LiveMessage) -> None:
        """Edit a message; after a failure it stays stale."""
        reply_to = message.job.reply_to
        turn = self._first_messages.of(message.job.id if reply_to.message else reply_to.token)
        async with turn, message.lock:
            job, preview = message.job, message.preview
            if job.id in self._delivering or job.id not in self._messages:
                return
            message.stale = False
            with log_job(job.id):
                try:
                    result = await self._send_progress(message)
                except FileTooLarge:
                    message.refuse_previews()
                    return
                except (HolderChanged, JobGone):
                    self._messages.pop(job.id, None)
                    return
                except Exception as error:
                    log.warning("the message could not be edited: %r", error)
                    message.edit_failed(time.monotonic())
                    return
            message.failures = 0
            if result in (SendResult.DELETED, SendResult.UNKNOWN):
                self._messages.pop(job.id, None)
            elif result is SendResult.REFUSED and preview is not None and not message.no_previews:
                message.refuse_previews()  # perhaps only files are not allowed there

    async def _send_progress(self, message: LiveMessage) -> SendResult:
        """Edit a message; a preview that it has already is not uploaded again."""
        preview, card = message.preview, self._progress_card(message)
        if not message.job.reply_to.message:
            return await self._sender.open(message, card)
        if message.preview_is_posted:
            return await self._sender.edit(message, card, text_only=True)
        result = await self._sender.edit(message, card, closes=preview is None)
        if result is SendResult.EDITED:
            message.posted_preview = preview
        return result

    def _progress_card(self, message: LiveMessage) -> Card:
        job, progress, preview = message.job, message.progress, message.preview
        if job.status is Status.RUNNING or progress is not None or preview is not None:
            return self._renderer.running(job, progress, message.advice, preview)
        return self._renderer.waiting(job, message.estimate, message.advice)

    async def _deliver(self, job: Job) -> None:
        """Send a finished job's result, unless that is done or being done."""
        if job.id in self._delivering:
            return
        self._delivering.add(job.id)
        message = self._messages.get(job.id) or LiveMessage(job)
        with log_job(job.id):
            try:
                async with message.lock:
                    # reply_to may have changed
                    message.job = await self._studio.job(job.id)
                    held = message.job.holder == self._studio.holder()
                    if held and not message.job.delivered:
                        await self._send_result(message)
            except JobGone:
                log.info("deleted before its delivery")
            except HolderChanged:
                log.info("another bot delivers this job")
            except Exception as error:
                await self._try_again(message, error)
            finally:
                self._messages.pop(job.id, None)
                self._delivering.discard(job.id)

    async def _try_again(self, message: LiveMessage, error: Exception) -> None:
        """Deliver after a pause, or let the outcome wait for its owner after too many errors."""
        job = message.job
        if not isinstance(error, OUTAGES):
            log.error("could not be delivered yet", exc_info=error)
        else:
            log.warning("could not be delivered yet: %r", error)
        self._retry_at[job.id] = time.monotonic() + pause(0)
        with contextlib.suppress(Unavailable, HolderChanged):
            state = await self._sender.state(message)
            failures = state.failures + 1
            self._retry_at[job.id] = time.monotonic() + pause(state.failures)
            await self._sender.save(message, replace(state, failures=failures))
            if failures >= (MAX_OUTAGES if isinstance(error, OUTAGES) else MAX_FAILURES):
                log.error(
                    "set aside after %d failed deliveries; the owner finds it by /clips", failures
                )
                await self._studio.shown.delivered(job.id, waits=True)
                self._sender.count_delivery(message, SendResult.REFUSED, waits=True)

    async def _send_result(self, message: LiveMessage) -> None:
        """Send the result and settle the job; pings wait long where a channel has many."""
        async with self._free_deliveries:
            sent = await self._send_card(message)
        if sent is None:
            return
        result, charged = sent
        job = message.job
        late = self._clock() - job.created > self._ping_after
        if result is SendResult.EDITED and late and job.status is not Status.CANCELLED:
            await self._sender.ping(message, self._renderer.ping(job))
        reached = result in (SendResult.EDITED, SendResult.POSTED)
        unwanted = result is SendResult.DELETED and job.clip is None
        waits = not (reached or unwanted or job.status is Status.CANCELLED)
        place = "" if waits else job.reply_to.message
        await self._studio.shown.delivered(job.id, place, charged=charged, waits=waits)
        self._sender.count_delivery(message, result, waits=waits)
        add_job(job)
        log.info("%s: %s", job.status.value, result.value)

    async def _send_card(self, message: LiveMessage) -> tuple[SendResult, bool] | None:
        """Send the result; return what became of it and whether it is charged.

        None where the clip is lost and is made again.
        """
        card = await self._result_card(message.job, message.advice)
        if card is None:
            return None
        try:
            result = await self._edit_or_post(message, card)
        except FileTooLarge:
            assert message.job.clip is not None
            card = self._renderer.too_large(message.job, message.job.clip)
            result = await self._edit_or_post(message, card)
        with_clip = card.attachment is not None
        if message.found_clip is not None:  # in a message that was sent before
            with_clip = message.found_clip
        return result, message.job.clip is None or with_clip

    async def _result_card(self, job: Job, advice: tuple[Advice, ...]) -> Card | None:
        """Return the card of an ended job; None where its clip is lost and is made again."""
        if job.clip is None:
            return self._renderer.ended_without_clip(job)
        data = await self._studio.shown.clip_file(job.clip)
        if data is None and await self._studio.shown.remake(job.id):
            return None
        if data is None:
            log.error("the clip is not in the blob store")
            return self._renderer.lost(job)
        return self._renderer.done(job, job.clip, data, advice)

    async def _edit_or_post(self, message: LiveMessage, card: Card) -> SendResult:
        """Send a card by the first way that works, but not beside one that was sent already."""
        found = await self._sender.find_sent(message)
        if found is not None:
            return found
        if is_private(message.job.request):
            return await self._sender.send_alone(message, card)
        result = await self._sender.edit(message, card)
        if result is not SendResult.REFUSED or message.job.status is Status.CANCELLED:
            return result
        if await self._sender.shows_outcome(message):
            return SendResult.EDITED
        return await self._sender.post(message, card)
