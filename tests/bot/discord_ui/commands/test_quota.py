"""People see what they spent; managers see what everybody did."""

from __future__ import annotations

from dataclasses import replace

import discord

from tests.support.backend import Workshop
from tests.support.simulated_chat import Stage, open_stage, shown, speaking, whispers


async def test_a_person_sees_what_is_spent_and_left(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7)
        await stage.clip()
    limit = stage.workshop.catalogue.quota.credits_per_day
    result = await stage.alice.slash(stage.channel, "quota")
    assert result.ephemeral
    text = shown(result.response.message)
    [job] = [await stage.workshop.jobs.by_message("discord", str(stage.channel.id), str(m.id))
             for m in stage.clips()]  # fmt: skip
    assert job is not None
    assert f"{limit - job.cost} credits" in text
    assert "finished: 1" in text
    with speaking("zh-CN"):
        result = await stage.alice.slash(stage.channel, "quota")
    assert "今天剩余" in shown(result.response.message)


async def test_an_order_beyond_the_quota_is_refused_in_the_persons_language(
    workshop: Workshop,
) -> None:
    quota = replace(workshop.catalogue.quota, credits_per_day=1)
    workshop.jobs = workshop.book(quota)
    workshop.studio.jobs = workshop.jobs
    async with open_stage(workshop) as stage:
        assert "you have 1 left" in whispers(await stage.animate())[0]
        with speaking("zh-CN"):
            assert "只剩 1 点" in whispers(await stage.animate())[0]
        assert [m for m in stage.messages if not m.flags.ephemeral] == []


async def test_a_manager_sees_what_everybody_did(stage: Stage) -> None:
    role = stage.guild.create_role("boss", permissions=discord.Permissions(manage_guild=True))
    carol = stage.guild.add_member(stage.env.create_user("carol"), roles=[role])
    async with stage.workshop.working():
        await stage.animate()
        await stage.clip()
        result = await carol.slash(stage.channel, "report")
    text = shown(result.response.message)
    assert result.ephemeral
    title = result.response.message.embeds[0].title
    assert title == "What the service did in the last 7 days"
    assert "Your" not in text
    assert "Clips finished: 1" in text
    assert "People 1" in text
    assert "Workers alive 1" in text
