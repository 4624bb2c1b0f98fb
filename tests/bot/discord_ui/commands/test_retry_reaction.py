"""🔁 under a finished clip makes it anew, answered by a message."""

from __future__ import annotations

import discord

from tests.support.simulated_chat import Stage, shown

AGAIN = "🔁"


async def test_a_reaction_retries_the_clip_at_the_expense_of_who_reacted(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7)
        first = await stage.clip()
        await stage.bob.react(first, AGAIN)
        second = await stage.clip(2)
    assert f"<@{stage.bob.id}>" in second.content
    assert "seed 7 " not in shown(second)
    assert second.reference is not None
    assert second.reference.message_id == first.id


async def test_other_reactions_and_other_messages_are_left_alone(stage: Stage) -> None:
    posted = await stage.bob.send(stage.channel, "hello")
    async with stage.workshop.working():
        await stage.animate()
        clip = await stage.clip()
        await stage.bob.react(posted, AGAIN)
        await stage.bob.react(clip, "👍")
    assert len(stage.messages) == 2


async def test_a_reaction_on_a_clip_that_is_not_done_does_nothing(stage: Stage) -> None:
    await stage.animate()
    await stage.bob.react(await stage.shows("in the queue"), AGAIN)
    assert len(await stage.workshop.jobs.unfinished()) == 1


async def test_another_bots_reaction_orders_nothing(stage: Stage) -> None:
    robot = stage.guild.add_member(stage.env.create_user("robot", bot=True))
    async with stage.workshop.working():
        await stage.animate()
        await robot.react(await stage.clip(), AGAIN)
    assert len(stage.messages) == 1


async def test_somebody_who_may_not_post_gets_no_clip(stage: Stage) -> None:
    denied = discord.PermissionOverwrite(attach_files=False)
    stage.channel = stage.guild.create_text_channel("b", overwrites={stage.bob: denied})
    async with stage.workshop.working():
        await stage.animate()
        await stage.bob.react(await stage.clip(), AGAIN)
    assert len(stage.messages) == 1


async def test_somebody_who_may_not_embed_links_gets_a_clip_all_the_same(stage: Stage) -> None:
    denied = discord.PermissionOverwrite(embed_links=False)
    stage.channel = stage.guild.create_text_channel("c", overwrites={stage.bob: denied})
    async with stage.workshop.working():
        await stage.animate()
        await stage.bob.react(await stage.clip(), AGAIN)
        assert await stage.clip(2)


async def test_a_reaction_that_cannot_be_paid_is_answered_once(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate()
        clip = await stage.clip()
    for _ in range(stage.workshop.catalogue.quota.unfinished_jobs):
        await stage.animate(stage.bob)
    before = len(stage.messages)
    for _ in range(3):
        await stage.bob.react(clip, AGAIN)
        await stage.bob.unreact(clip, AGAIN)
    message = await stage.shows("in the works already")
    assert f"<@{stage.bob.id}>" in message.content
    assert len(stage.messages) == before + 1


async def test_who_has_room_again_retries_and_is_told_anew_afterwards(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate()
        clip = await stage.clip()
    for _ in range(stage.workshop.catalogue.quota.unfinished_jobs):
        await stage.animate(stage.bob)
    waiting = await stage.shows("in the queue")
    for _ in range(2):
        await stage.bob.react(clip, AGAIN)
        await stage.shows("in the works already")
        await stage.bob.unreact(clip, AGAIN)
        await stage.click(waiting, "cancel", stage.bob)
        await stage.bob.react(clip, AGAIN)
        waiting = await stage.shows("in the queue")
        await stage.bob.unreact(clip, AGAIN)
