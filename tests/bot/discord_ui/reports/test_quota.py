"""/quota shows a person what they spent, got back and have left."""

from __future__ import annotations

import io
import time
from dataclasses import replace

from PIL import Image, ImageColor

from bot.studio.reports.chart import COLOURS
from bot.studio.reports.legend import CREDITS
from deploy.local.discord.state.guild import ADA, GUILD
from storage.domain.clip import Clip
from storage.domain.cost.bill import WorkerLife
from storage.domain.job import ReplyTarget, Status
from storage.domain.quota import DAY, day_of, month_of
from storage.domain.trust.policy import RoleAllowance
from tests.support.backend import Backend
from tests.support.discord.local_chat import LocalChat
from tests.support.discord.simulated_chat import (
    Chat,
    ephemeral_texts,
    open_chat,
    text_of,
    user_locale,
)
from tests.support.examples import CLIP, job

NOWHERE = ReplyTarget("nowhere")
"""Of jobs that nobody delivers: their clips are in no store, and would be made again."""


async def test_a_person_sees_spent_and_remaining_credits(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        await chat.wait_for_clip()
    limit = chat.backend.catalogue.quota.credits_per_day
    result = await chat.alice.slash(chat.channel, "quota")
    assert result.ephemeral
    text = text_of(result.response.message)
    [job] = [await chat.backend.jobs.search.by_message("discord", str(chat.channel.id), str(m.id))
             for m in chat.clips()]  # fmt: skip
    assert job is not None
    assert f"{limit - job.cost} credits" in text
    assert "finished: 1" in text
    with user_locale("zh-CN"):
        result = await chat.alice.slash(chat.channel, "quota")
    assert "今天剩余" in text_of(result.response.message)


async def test_an_order_beyond_the_quota_is_refused_in_the_users_locale(
    backend: Backend,
) -> None:
    quota = replace(backend.catalogue.quota, credits_per_day=1)
    backend.jobs = backend.jobs_with_quota(quota)
    backend.studio.orders.storage.jobs = backend.jobs
    async with open_chat(backend) as chat:
        assert "you have 1 left" in ephemeral_texts(await chat.animate())[0]
        with user_locale("zh-CN"):
            assert "只剩 1 点" in ephemeral_texts(await chat.animate())[0]
        assert [m for m in chat.messages if not m.flags.ephemeral] == []


async def test_the_bill_is_in_the_quota(chat: Chat) -> None:
    jobs, now = chat.backend.jobs, time.time()

    async def name_worker(clip: Clip) -> Clip:
        return replace(clip, worker="w")

    chat.backend.worker.claims.append(name_worker)
    async with chat.backend.running():
        await chat.animate()
        await chat.wait_for_clip()
    await jobs.lives.record(WorkerLife("a", "w", "", now, now + 20.0, now + 60.0, True), 0.0114)
    result = await chat.alice.slash(chat.channel, "quota")
    assert "2 s of GPU time, 20 s of start, 38 s of idle time · $0.0114" in text_of(
        result.response.message
    )


async def test_what_is_left_says_of_which_time_and_place(local_chat: LocalChat) -> None:
    """By the service's limits a day and a month, and by those of one's roles in the server."""
    ada, backend, now = local_chat.ada, local_chat.backend, time.time()
    quota = replace(backend.catalogue.quota, credits_per_day=100, credits_per_month=1000)
    backend.jobs = backend.studio.reports.jobs = backend.jobs_with_quota(quota)
    here = ReplyTarget("nowhere", GUILD)
    await backend.jobs.add(replace(job("a", ADA, now, 10), reply_to=here))
    await backend.jobs.finish("a", CLIP, now)
    await backend.jobs.add(replace(job("b", ADA, now, 7), reply_to=NOWHERE))
    role = RoleAllowance(GUILD, credits_per_day=30, unfinished_jobs=2)  # everybody's
    policies = backend.studio.policies
    await policies.change(GUILD, ADA, lambda policy: replace(policy, allowances=(role,)))
    outcome = await ada.command("quota")
    message = await ada.wait_for_message(outcome["message"], lambda seen: seen["embeds"])
    found = {field["name"]: field["value"] for field in message["embeds"][0]["fields"]}
    today, month = day_of(now), month_of(now)
    tomorrow, following = (f"\nnew ones <t:{day * DAY}:R>" for day in (today + 1, month.stop))
    assert found["Left today"] == f"**83 credits** / 100{tomorrow}"
    assert found["Left this month"] == f"**983 credits** / 1000{following}"
    assert (found["Spent today"], found["Spent this month"]) == ("10 credits", "10 credits")
    assert found["Held for clips in the works"] == "7 credits"
    assert found["Left in this server today"] == f"**20 credits** / 30{tomorrow}"
    assert "Left in this server this month" not in found
    assert found["In the works in this server"] == "0 / 2"


async def test_the_last_month_is_shown_with_a_picture(local_chat: LocalChat) -> None:
    ada, jobs, now = local_chat.ada, local_chat.backend.jobs, time.time()
    outcome = await ada.command("quota")
    message = await ada.wait_for_message(outcome["message"], lambda seen: seen["embeds"])
    assert "image" not in message["embeds"][0]  # nothing to draw yet
    for number, days in enumerate((0, 3, 29, 30)):
        await jobs.add(replace(job(f"j{number}", ADA, now - days * DAY, 10), reply_to=NOWHERE))
        await jobs.finish(f"j{number}", CLIP, now)
    await jobs.add(replace(job("lost", ADA, now, 7), reply_to=NOWHERE))
    await jobs.cancel("lost", ADA, now)
    await jobs.add(
        replace(job("c", ADA, now, 0), reply_to=NOWHERE, status=Status.DONE, clip=CLIP, cached=True)
    )
    outcome = await ada.command("quota")
    message = await ada.wait_for_message(outcome["message"], lambda seen: seen["embeds"])
    assert message["flags"] & 64  # ephemeral
    [embed] = message["embeds"]
    found = {field["name"]: field["value"] for field in embed["fields"]}
    saved = (await local_chat.backend.studio.reports.of_person(ADA)).saved
    assert saved > 0
    lines = f"🟦 spent: 30\n🟧 refunded: 7\n🟩 saved by the cache: {saved}"
    assert found["The last 30 days"] == lines
    assert found["Spent in all"] == "40 credits"
    image = Image.open(io.BytesIO(await ada.download(embed["image"]))).convert("RGB")
    colours = {colour for _, colour in image.getcolors(1 << 20) or ()}
    assert {ImageColor.getrgb(COLOURS[emoji]) for emoji in CREDITS} <= colours
