"""Each result is sent once, by the first way that Discord allows."""

from __future__ import annotations

import asyncio

import pytest

from bot.discord_ui.delivery import delivery
from bot.discord_ui.delivery.message_sender import MessageSender
from storage.domain.clip import Failure
from tests.support.backend import until
from tests.support.discord.simulated_chat import (
    Chat,
    button_actions,
    button_ids,
    ephemeral_texts,
    text_of,
)

TOKEN_LIFE = 15 * 60


async def test_an_expired_token_is_replaced_by_an_edit_in_the_channel(
    chat: Chat,
) -> None:
    result = await chat.animate()
    await chat.wait_for_text("queue")
    await chat.env.advance_time(TOKEN_LIFE)
    async with chat.backend.running():
        clip = await chat.wait_for_clip()
    assert clip.id == result.response.id


async def test_a_deleted_message_is_not_posted_again(chat: Chat) -> None:
    await chat.animate()
    message = await chat.wait_for_text("queue")
    await message.delete()
    async with chat.backend.running():
        await until(chat.backend.all_jobs_delivered)
    assert chat.messages == []
    assert len(await chat.backend.studio.deliveries.fetchable(str(chat.alice.id))) == 1


@pytest.mark.usefixtures("short_pauses")
async def test_delivery_is_retried_after_an_outage_of_discord(chat: Chat) -> None:
    await chat.animate()
    await chat.wait_for_text("queue")
    chat.env.inject_error("PATCH", "/webhooks/*", status=520, code=0, times=2)
    async with chat.backend.running():
        await chat.wait_for_clip()


async def test_a_failure_names_its_reason_and_that_nothing_was_charged(chat: Chat) -> None:
    chat.backend.worker.failure = Failure("failed_encoding")
    async with chat.backend.running():
        await chat.animate()
        message = await chat.wait_for_text("Nothing was charged")
    assert "the film could not be written" in text_of(message)
    assert button_actions(message) == ["again", "tweak", "details", "delete"]


async def test_a_long_wait_ends_with_one_ping(chat: Chat) -> None:
    await chat.animate()
    await chat.stop_delivery()
    chat.ping_after = 0.0
    chat.start_delivery()
    async with chat.backend.running():
        await until(chat.backend.all_jobs_delivered)
    assert [message.content for message in chat.messages[1:]] == [
        f"{chat.alice.mention} your clip is ready."
    ]


async def test_hostile_text_formats_nothing_and_mentions_nobody(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(
            prompt="@everyone **bold** ``` <@1> [x](http://y) discord.gg/z",
            negative_prompt="```@here",
        )
        clip = await chat.wait_for_clip()
        details = await chat.click(clip, "details")
    assert {user.id for user in clip.mentions} <= {chat.alice.id}
    assert not clip.mention_everyone
    assert "**bold**" not in text_of(clip)
    assert "http://y" not in text_of(clip)
    assert "discord.gg/z" not in text_of(clip)
    assert "```" not in text_of(clip)
    assert text_of(details.response.message).count("```") == 2


async def test_a_cancelled_job_gets_no_ping(chat: Chat) -> None:
    await chat.animate()
    await chat.stop_delivery()
    chat.ping_after = 0.0
    chat.start_delivery()
    await chat.click(await chat.wait_for_text("queue"), "cancel")
    await until(chat.backend.all_jobs_delivered)
    assert len(chat.messages) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 50083), (400, 160005), (400, 200000), (403, 50001), (403, 50013), (404, 10003)],
)
async def test_a_lasting_refusal_closes_every_way_once(chat: Chat, status: int, code: int) -> None:
    await chat.animate()
    await chat.wait_for_text("queue")
    before = len(chat.env.http_requests)
    chat.env.inject_error("PATCH", "*", status=status, code=code, times=None)
    chat.env.inject_error("POST", "/channels/*", status=status, code=code, times=None)
    chat.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, times=None)
    async with chat.backend.running():
        await until(chat.backend.all_jobs_delivered)
    asked = [(entry.method, entry.path.split("/")[1]) for entry in chat.env.http_requests]
    ways = [("PATCH", "webhooks"), ("PATCH", "channels"), ("POST", "channels")]
    assert [asked[before:].count(way) for way in ways] == [1, 1, 1]
    [job] = await chat.backend.studio.deliveries.fetchable(str(chat.alice.id))
    assert job.clip is not None


async def test_a_clip_that_could_not_be_delivered_is_fetched(chat: Chat) -> None:
    await chat.animate()
    message = await chat.wait_for_text("queue")
    await message.delete()
    async with chat.backend.running():
        await until(chat.backend.all_jobs_delivered)
        told = await chat.animate(seed=8)
        assert ["/clips" in text for text in ephemeral_texts(told)] == [True]
        await chat.wait_for_clip()
        assert ephemeral_texts(await chat.animate(seed=9)) == []
    listed = await chat.alice.slash(chat.channel, "clips")
    assert "Could not be delivered" in listed.response.content
    button = button_ids(listed.response.message)[0]
    fetched = await chat.alice.click(listed.response.message, custom_id=button)
    assert fetched.response.message.attachments[0].filename.endswith(".mp4")
    assert await chat.backend.studio.deliveries.fetchable(str(chat.alice.id)) == []


async def test_a_ping_that_waits_does_not_hold_up_other_clips(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = asyncio.Event()

    async def wait(*_: object) -> None:
        await allowed.wait()

    monkeypatch.setattr(delivery, "CONCURRENT_DELIVERIES", 1)
    monkeypatch.setattr(MessageSender, "ping", wait)
    chat.ping_after = -1.0
    await chat.restart()
    async with chat.backend.running():
        await chat.animate()
        await chat.animate(actor=chat.bob, prompt="waves, pan left")
        await chat.wait_for_clip(2)
        assert not await chat.backend.all_jobs_delivered()
        allowed.set()
        await until(chat.backend.all_jobs_delivered)
