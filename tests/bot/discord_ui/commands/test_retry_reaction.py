"""A reaction with 🔁 retries a finished clip."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.discord_ui.commands.retry_reaction import RetryReaction
from storage.domain.errors import Unavailable
from tests.support.backend import until
from tests.support.discord.simulated_chat import Chat, text_of

AGAIN = "🔁"


async def test_a_reaction_retries_the_clip_for_the_person_who_reacted(
    chat: Chat,
) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        first = await chat.wait_for_clip()
        await chat.bob.react(first, AGAIN)
        second = await chat.wait_for_clip(2)
    assert f"<@{chat.bob.id}>" in second.content
    assert "seed 7 " not in text_of(second)
    assert second.reference is not None
    assert second.reference.message_id == first.id


async def test_other_reactions_and_other_messages_are_ignored(chat: Chat) -> None:
    posted = await chat.bob.send(chat.channel, "hello")
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        await chat.bob.react(posted, AGAIN)
        await chat.bob.react(clip, "👍")
    assert len(chat.messages) == 2


async def test_a_reaction_on_an_unfinished_job_is_ignored(chat: Chat) -> None:
    await chat.animate()
    await chat.bob.react(await chat.wait_for_text("in the queue"), AGAIN)
    assert len(await chat.backend.jobs.pending.all()) == 1


async def test_another_bots_reaction_is_ignored(chat: Chat) -> None:
    robot = chat.guild.add_member(chat.env.create_user("robot", bot=True))
    async with chat.backend.running():
        await chat.animate()
        await robot.react(await chat.wait_for_clip(), AGAIN)
    assert len(chat.messages) == 1


async def test_a_reaction_without_permission_to_post_is_ignored(chat: Chat) -> None:
    denied = discord.PermissionOverwrite(attach_files=False)
    chat.channel = chat.guild.create_text_channel("b", overwrites={chat.bob: denied})
    async with chat.backend.running():
        await chat.animate()
        await chat.bob.react(await chat.wait_for_clip(), AGAIN)
    assert len(chat.messages) == 1


async def test_a_reaction_needs_no_permission_to_embed_links(
    chat: Chat,
) -> None:
    denied = discord.PermissionOverwrite(embed_links=False)
    chat.channel = chat.guild.create_text_channel("c", overwrites={chat.guild.default_role: denied})
    async with chat.backend.running():
        await chat.animate()
        await chat.bob.react(await chat.wait_for_clip(), AGAIN)
        assert await chat.wait_for_clip(2)


async def test_a_refused_reaction_is_answered_once(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
    for _ in range(chat.backend.catalogue.quota.unfinished_jobs):
        await chat.animate(chat.bob)
    before = len(chat.messages)
    for _ in range(3):
        await chat.bob.react(clip, AGAIN)
        await chat.bob.unreact(clip, AGAIN)
    message = await chat.wait_for_text("in the works already")
    assert f"<@{chat.bob.id}>" in message.content
    assert len(chat.messages) == before + 1


async def test_an_accepted_reaction_resets_the_throttle(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
    for _ in range(chat.backend.catalogue.quota.unfinished_jobs):
        await chat.animate(chat.bob)
    waiting = await chat.wait_for_text("in the queue")
    for _ in range(2):
        await chat.bob.react(clip, AGAIN)
        await chat.wait_for_text("in the works already")
        await chat.bob.unreact(clip, AGAIN)
        await chat.click(waiting, "cancel", chat.bob)
        await chat.bob.react(clip, AGAIN)
        waiting = await chat.wait_for_text("in the queue")
        await chat.bob.unreact(clip, AGAIN)


def record_reactions(chat: Chat, times: int = 1) -> list[discord.RawReactionActionEvent]:
    """Return a list that gets each reaction's event, which the bot hears of so many times."""
    events: list[discord.RawReactionActionEvent] = []
    handle = chat.env.bot.on_raw_reaction_add

    async def note(event: discord.RawReactionActionEvent) -> None:
        events.append(event)
        for _ in range(times):
            await handle(event)

    chat.env.bot.on_raw_reaction_add = note
    return events


async def test_a_reaction_that_the_gateway_repeats_is_one_order(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        events = record_reactions(chat, times=2)
        await chat.bob.react(clip, AGAIN)
        await chat.wait_for_clip(2)
        await until(chat.backend.all_jobs_delivered)
    assert len(events) == 1
    assert len(chat.clips()) == 2


async def test_a_reaction_that_another_process_hears_of_too_is_one_order(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        events = record_reactions(chat)
        await chat.bob.react(clip, AGAIN)
        await chat.wait_for_clip(2)
        await chat.restart()  # the new bot has nothing in its memory
        await chat.env.bot.on_raw_reaction_add(*events)
        await until(chat.backend.all_jobs_delivered)
    assert len(chat.clips()) == 2


async def test_two_processes_without_a_database_refuse_by_one_nonce(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonces: list[object] = []
    send: Any = discord.abc.Messageable.send

    async def note(channel: Any, *args: Any, **options: Any) -> Any:
        nonces.append(options.get("nonce"))
        return await send(channel, *args, **options)

    async def be_away(*_: Any) -> bool:
        raise Unavailable("unavailable_database")

    async def twice(event: discord.RawReactionActionEvent) -> None:
        for _ in range(2):
            await RetryReaction().handle(chat.env.bot, event)

    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        await until(chat.backend.all_jobs_delivered)
    monkeypatch.setattr(discord.abc.Messageable, "send", note)
    monkeypatch.setattr(chat.backend.jobs.begun_orders, "begin", be_away)
    chat.env.bot.on_raw_reaction_add = twice
    await chat.bob.react(clip, AGAIN)
    await chat.alice.react(clip, AGAIN)
    assert len(nonces) == 4
    assert len(set(nonces)) == 2
    assert all(isinstance(nonce, str) and 0 < len(nonce) <= 25 for nonce in nonces)
