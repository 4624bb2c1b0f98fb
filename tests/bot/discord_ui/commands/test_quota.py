"""/quota for everybody, /report for managers."""

from __future__ import annotations

import time
from dataclasses import replace

import discord

from storage.domain.clip import Clip
from storage.domain.cost.advice import RentalAdvice
from storage.domain.cost.bill import WorkerLife
from storage.domain.cost.offer import Tenure
from tests.support.backend import Backend
from tests.support.discord.simulated_chat import (
    Chat,
    ephemeral_texts,
    open_chat,
    text_of,
    user_locale,
)


async def test_a_person_sees_spent_and_remaining_credits(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        await chat.wait_for_clip()
    limit = chat.backend.catalogue.quota.credits_per_day
    result = await chat.alice.slash(chat.channel, "quota")
    assert result.ephemeral
    text = text_of(result.response.message)
    [job] = [await chat.backend.jobs.by_message("discord", str(chat.channel.id), str(m.id))
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
    backend.studio._jobs = backend.jobs
    async with open_chat(backend) as chat:
        assert "you have 1 left" in ephemeral_texts(await chat.animate())[0]
        with user_locale("zh-CN"):
            assert "只剩 1 点" in ephemeral_texts(await chat.animate())[0]
        assert [m for m in chat.messages if not m.flags.ephemeral] == []


async def test_a_manager_sees_everybodys_orders(chat: Chat) -> None:
    role = chat.guild.create_role("boss", permissions=discord.Permissions(manage_guild=True))
    carol = chat.guild.add_member(chat.env.create_user("carol"), roles=[role])
    async with chat.backend.running():
        await chat.animate()
        await chat.wait_for_clip()
        result = await carol.slash(chat.channel, "report")
    text = text_of(result.response.message)
    assert result.ephemeral
    title = result.response.message.embeds[0].title
    assert title == "What the service did in the last 7 days"
    assert "Your" not in text
    assert "Clips finished: 1" in text
    assert "People 1" in text
    assert "Workers alive 1" in text


async def test_the_bill_is_in_the_quota_and_in_the_report(chat: Chat) -> None:
    role = chat.guild.create_role("boss", permissions=discord.Permissions(manage_guild=True))
    carol = chat.guild.add_member(chat.env.create_user("carol"), roles=[role])
    jobs, now = chat.backend.jobs, time.time()

    async def name_worker(clip: Clip) -> Clip:
        return replace(clip, worker="w")

    chat.backend.worker.claims.append(name_worker)
    chat.backend.studio._rental = lambda: RentalAdvice(7.5, 9.36, Tenure.FIXED)
    async with chat.backend.running():
        await chat.animate()
        await chat.wait_for_clip()
    await jobs.lives.record(WorkerLife("a", "w", "", now, now + 20.0, now + 60.0, True), 0.0114)
    result = await chat.alice.slash(chat.channel, "quota")
    assert "2 s of GPU time, 20 s of start, 38 s of idle time · $0.0114" in text_of(
        result.response.message
    )
    text = text_of((await carol.slash(chat.channel, "report")).response.message)
    assert "1 workers, 60 s · $0.0114" in text
    assert "A fixed card is cheaper now: $9.36 a day" in text
    assert "This server's share 60 s · $0.0114" in text
    with user_locale("zh-CN"):
        text = text_of((await carol.slash(chat.channel, "report")).response.message)
    assert "每天 $9.36" in text
