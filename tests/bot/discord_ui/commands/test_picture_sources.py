"""Pictures in forwards, under links and behind spoiler marks, at the local Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.state.attachments import LIFETIME, SIGNED_EVERY
from tests.support.backend import Backend, png, until
from tests.support.discord.local_chat import LocalChat, open_local_chat

PROMPT = "waves, zoom in"


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


async def animate(chat: LocalChat, message: Json, numbers: str = "seed: 3") -> Json:
    """Submit the form for a message's picture; return the answer's outcome."""
    form = await chat.ada.message_command("Animate this picture", message["id"])
    assert form["kind"] == "modal"
    return await chat.ada.submit(form["interaction"], {"prompt": PROMPT, "numbers": numbers})


async def file_of(chat: LocalChat, message: str) -> tuple[str, str]:
    """Return name and description of a message's clip, once it is there."""
    shown = await chat.ada.wait_for_message(message, clip_of)
    [file] = shown["attachments"]
    return file["filename"].partition("mutoscope")[0], file["description"]


async def test_the_picture_of_a_forward_is_animated(chat: LocalChat) -> None:
    posted = await chat.ada.post("look", await chat.ada.upload("a.png", png()))
    forward = await chat.ada.post("", forward=posted["id"])
    async with chat.backend.running():
        answer = await animate(chat, forward)
        assert await file_of(chat, answer["message"]) == ("", PROMPT)


async def test_the_picture_under_a_link_is_animated(chat: LocalChat) -> None:
    upload = await chat.ada.upload("a.png", png())
    posted = await chat.ada.post("https://example.org/a.png", preview=upload)
    async with chat.backend.running():
        answer = await animate(chat, posted)
        assert await file_of(chat, answer["message"]) == ("", PROMPT)


async def test_the_clip_of_a_spoiler_is_one_and_so_are_its_retries(chat: LocalChat) -> None:
    posted = await chat.ada.post("look", await chat.ada.upload("SPOILER_a.png", png()))
    async with chat.backend.running():
        answer = await animate(chat, posted)
        assert await file_of(chat, answer["message"]) == ("SPOILER_", PROMPT)
        clip = await chat.ada.message(answer["message"])
        again = await chat.ada.press(clip["id"], buttons_of(clip)["again"])
        assert await file_of(chat, again["message"]) == ("SPOILER_", PROMPT)


async def test_a_picture_whose_url_expired_is_asked_for_again(chat: LocalChat) -> None:
    posted = await chat.ada.post("look", await chat.ada.upload("a.png", png()))
    refused = await animate(chat, posted, numbers="steps: many")
    chat.server.clock.advance(LIFETIME + 2 * SIGNED_EVERY)
    button = buttons_of(await chat.ada.message(refused["message"]))["edit"]
    form = await chat.ada.press(refused["message"], button)
    await chat.ada.submit(form["interaction"], {"numbers": "steps: 9"})

    async def is_told() -> bool:
        texts = [message["content"] for message in await chat.posted()]
        return any("That picture is not there any more" in text for text in texts)

    await until(is_told)
