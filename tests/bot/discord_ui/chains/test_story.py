"""/story opens a form, and what is submitted is one order with one card."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.clip_messages import buttons_of
from deploy.local.discord import Json
from tests.bot.studio.chains.test_stories import StoryWorker
from tests.support.backend import Backend, png, until
from tests.support.discord.local_chat import LocalChat, open_local_chat

PROMPTS = "zoom in\npan left\ntilt up"


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    backend.worker = StoryWorker(backend.blobs, backend.worker.mp4)
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


async def opened(chat: LocalChat) -> Json:
    """Let Ada give the command; return the outcome with the form."""
    form = await chat.ada.command("story", picture=await chat.ada.upload("a.png", png()))
    assert form["kind"] == "modal", form
    return form


async def test_a_story_is_ordered_by_a_form(chat: LocalChat) -> None:
    form = await opened(chat)
    answer = await chat.ada.submit(form["interaction"], {"prompt": PROMPTS})
    await chat.deliver()
    [clip] = await chat.clips()
    assert clip["id"] == answer["message"]
    assert "zoom in → pan left → tilt up" in clip["content"]
    assert "Zoom in → Pan left → Tilt up" in clip["content"]
    assert "178 frames" in clip["content"]
    assert await chat.ordered() == 1


async def test_a_story_of_one_prompt_is_refused_and_what_was_typed_is_kept(
    chat: LocalChat,
) -> None:
    form = await opened(chat)
    refused = await chat.ada.submit(form["interaction"], {"prompt": "zoom in"})
    message = await chat.ada.message(refused["message"])
    assert "2 to 8 prompts" in message["content"]
    again = await chat.ada.press(message["id"], buttons_of(message)["edit"])
    await chat.ada.submit(again["interaction"], {"prompt": PROMPTS})
    await chat.deliver()
    assert len(await chat.clips()) == 1


async def test_a_cancelled_story_shows_what_is_made_and_what_it_cost(chat: LocalChat) -> None:
    worker = chat.backend.worker
    assert isinstance(worker, StoryWorker)
    worker.makes = 2
    form = await opened(chat)
    answer = await chat.ada.submit(form["interaction"], {"prompt": PROMPTS})
    shown = await chat.ada.wait_for_message(answer["message"], buttons_of)
    async with chat.backend.running():
        await worker.waits.wait()
        await chat.ada.press(shown["id"], buttons_of(shown)["cancel"])
        await until(chat.backend.all_jobs_delivered)
    [clip] = await chat.clips()
    assert "Stopped after segment 2 of 3" in clip["content"]
    report = await chat.backend.studio.reports.of_person(chat.ada.user_id)
    assert f"{report.credits} credits" in clip["content"]
