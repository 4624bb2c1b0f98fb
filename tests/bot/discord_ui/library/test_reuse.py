"""The settings of a clip are reused: by its file, with a picture that the person may use."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from bot.discord_ui.library import reuse
from bot.studio.options import Options
from deploy.local.clip_messages import buttons_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.discord.rules.components import walk
from deploy.local.discord.state.guild import STUDIO
from storage.codec import encode
from storage.domain.job import Job
from storage.domain.request import GenerationRequest
from tests.storage.test_clip_comment import mp4
from tests.support.backend import png
from tests.support.catalogue.admission import admit
from tests.support.discord.local_chat import LocalChat

MENU = "Reuse these settings"
REQUEST = admit(Options("a boat, pan left", steps=9, frames=80, resolution="640p", seed=5))


def file_of(request: GenerationRequest) -> bytes:
    """Return a file with the settings of a request, as any instance writes them."""
    parameters = encode(replace(request, reading=None))
    return mp4(json.dumps({"mutoscope": parameters}).encode())


async def posted(chat: LocalChat, data: bytes, name: str = "clip.mp4") -> str:
    """Let Ada post a file that she has from elsewhere; return its message."""
    message = await chat.ada.post("look", await chat.ada.upload(name, data))
    return str(message["id"])


def inputs_of(form: Json) -> dict[str, Any]:
    """Return the inputs of a form by custom_id."""
    found = [part for _, part in walk(form["modal"]["components"])]
    return {part["custom_id"]: part for part in found if "custom_id" in part}


async def ordered_job(chat: LocalChat, outcome: Json) -> Job:
    """Return the job that a submitted form gave, once its message says that it waits."""
    assert outcome["kind"] == "deferred", outcome
    await chat.ada.wait_for_message(outcome["message"], buttons_of)
    job = await chat.backend.studio.shown.at("discord", STUDIO, outcome["message"])
    assert job is not None
    return job


async def test_a_file_from_elsewhere_fills_the_form_and_a_picture_is_attached(
    chat: LocalChat,
) -> None:
    forwarded = await chat.ada.post("", forward=await posted(chat, file_of(REQUEST)))
    form = await chat.ada.message_command(MENU, forwarded["id"])
    inputs = inputs_of(form)
    assert inputs["prompt"]["value"] == REQUEST.prompt
    assert "resolution: 640p" in inputs["numbers"]["value"].splitlines()
    assert inputs["picture"]["required"]
    with pytest.raises(MemberApiError, match="choose between 1 and 1"):
        await chat.ada.submit(form["interaction"], {"picture": []})
    picture = await chat.ada.upload("b.png", png())
    job = await ordered_job(
        chat, await chat.ada.submit(form["interaction"], {"picture": [picture]})
    )
    expected = replace(REQUEST, picture=job.request.picture)
    assert job.request == expected
    assert chat.refusals() == []


async def test_a_picture_is_taken_only_for_who_ordered_from_it(
    chat: LocalChat, lin: MemberClient
) -> None:
    first = await chat.order(prompt="a lake")
    own = await chat.backend.studio.shown.at("discord", STUDIO, first)
    assert own is not None
    message = await posted(chat, file_of(replace(REQUEST, picture=own.request.picture)))
    lin.channel = STUDIO
    form = await lin.message_command(MENU, message)
    assert (form["modal"]["custom_id"], inputs_of(form)["picture"]["required"]) == ("reuse:", True)
    form = await chat.ada.message_command(MENU, message)
    assert not inputs_of(form)["picture"]["required"]
    job = await ordered_job(chat, await chat.ada.submit(form["interaction"], {"prompt": "a sea"}))
    assert (job.request.picture, job.request.steps) == (own.request.picture, REQUEST.steps)
    assert (job.request.prompt, job.parent) == ("a sea", own.id)


async def test_a_clip_of_the_bots_own_is_known_by_its_message(
    chat: LocalChat, lin: MemberClient
) -> None:
    message = await chat.order(candidates=2, parameters="choose: judge")
    await chat.deliver()
    made = await chat.backend.studio.shown.at("discord", STUDIO, message)
    assert made is not None
    assert made.clip is not None
    lin.channel = STUDIO
    form = await lin.message_command(MENU, message)
    lines = inputs_of(form)["numbers"]["value"].splitlines()
    assert {f"seed: {made.clip.seed}", "candidates: 1"} <= set(lines)
    picture = await lin.upload("b.png", png((320, 240), "red"))
    job = await ordered_job(chat, await lin.submit(form["interaction"], {"picture": [picture]}))
    assert job.request.picture != made.request.picture
    assert (job.request.prompt, job.request.seed) == (made.request.prompt, made.clip.seed)


async def test_a_form_that_takes_long_to_fill_is_opened_by_a_button(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reuse, "IN_TIME", 0.0)
    outcome = await chat.ada.message_command(MENU, await posted(chat, file_of(REQUEST)))
    shown = await chat.ada.wait_for_message(outcome["message"], buttons_of)
    form = await chat.ada.press(shown["id"], buttons_of(shown)["edit"])
    assert inputs_of(form)["prompt"]["value"] == REQUEST.prompt


async def test_files_without_settings_are_refused_in_words(chat: LocalChat) -> None:
    for data, name, words in (
        (b"\0" * 100, "clip.mp4", "no settings of mine"),
        (png(), "picture.png", "no settings of mine"),
        (mp4(b'{"mutoscope": {"prompt": 7}}'), "clip.mp4", "cannot be read"),
    ):
        message = await posted(chat, data, name)
        outcome = await chat.ada.message_command(MENU, message)
        assert outcome["kind"] == "message"
        assert words in (await chat.ada.message(outcome["message"]))["content"]


async def test_an_end_picture_is_taken_only_beside_the_picture_it_was_ordered_with(
    chat: LocalChat,
) -> None:
    last = png(colour="yellow")
    first, end = await chat.ada.upload("a.png", png()), await chat.ada.upload("b.png", last)
    outcome = await chat.ada.command("animate", picture=first, end_picture=end, prompt="a lake")
    own = await ordered_job(chat, outcome)
    same = replace(REQUEST, picture=own.request.picture)
    form = await chat.ada.message_command(MENU, await posted(chat, file_of(same)))
    assert inputs_of(form)["picture"]["required"]  # of a clip that ended elsewhere
    same = replace(same, end_picture=sha256(last).hexdigest())
    form = await chat.ada.message_command(MENU, await posted(chat, file_of(same)))
    job = await ordered_job(chat, await chat.ada.submit(form["interaction"], {"prompt": "a sea"}))
    assert job.request.pictures == own.request.pictures
