"""Whoever presses a button or sends a form twice at once does it once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.clip_messages import buttons_of, is_final
from deploy.local.discord import Json
from tests.support.backend import Backend, png
from tests.support.discord.local_chat import LocalChat, open_local_chat


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


async def press_twice(chat: LocalChat, message: str, action: str) -> list[str]:
    """Press a button twice at once; return how both presses were answered."""
    button = buttons_of(await chat.ada.message(message))[action]
    presses = [chat.ada.press(message, button) for _ in range(2)]
    return sorted(answer["kind"] for answer in await asyncio.gather(*presses))


async def finish_presses(chat: LocalChat) -> None:
    """Wait until the bot has nothing to do for earlier interactions."""
    listed = await chat.ada.command("clips")
    await chat.ada.wait_for_message(listed["message"], lambda message: message["content"])
    await chat.ada.call("DELETE", f"/local/messages/{listed['message']}")


async def submit_twice(chat: LocalChat, form: Json) -> list[str]:
    """Send a form twice at once; return how it was answered."""
    typed = {"prompt": "a storm", "numbers": "seed: 8"}
    submits = [chat.ada.submit(form["interaction"], typed) for _ in range(2)]
    return sorted(answer["kind"] for answer in await asyncio.gather(*submits))


async def test_two_presses_of_retry_are_one_order(chat: LocalChat) -> None:
    clip = await chat.order()
    await chat.deliver()
    assert await press_twice(chat, clip, "again") == ["deferred", "deferred update"]
    await chat.deliver(2)
    assert await chat.ordered() == len(await chat.posted()) == 2


async def test_two_presses_of_cancel_are_one(chat: LocalChat) -> None:
    waiting = await chat.order()
    assert await press_twice(chat, waiting, "cancel") == ["deferred update"] * 2
    await chat.ada.wait_for_message(waiting, is_final)
    await finish_presses(chat)
    [message] = await chat.posted()
    assert "Cancelled" in message["content"]
    assert chat.refusals() == []


async def test_two_presses_of_delete_are_one(chat: LocalChat) -> None:
    clip = await chat.order()
    await chat.deliver()
    assert await press_twice(chat, clip, "delete") == ["deferred update"] * 2
    await chat.ada.wait_until_deleted(clip)
    await finish_presses(chat)
    assert await chat.posted() == []
    assert chat.refusals() == []


async def test_a_tweak_that_is_sent_twice_is_one_order(chat: LocalChat) -> None:
    clip = await chat.order()
    await chat.deliver()
    form = await chat.ada.press(clip, buttons_of(await chat.ada.message(clip))["tweak"])
    assert await submit_twice(chat, form) == ["deferred", "deferred update"]
    await chat.deliver(2)
    assert await chat.ordered() == len(await chat.posted()) == 2


async def test_a_form_for_a_picture_that_is_sent_twice_is_one_order(chat: LocalChat) -> None:
    picture = await chat.ada.upload("a.png", png())
    posted = await chat.ada.post("look", picture)
    form = await chat.ada.message_command("Animate this picture", posted["id"])
    assert await submit_twice(chat, form) == ["deferred", "deferred"]
    await chat.deliver()
    assert await chat.ordered() == len(await chat.posted()) == 1
