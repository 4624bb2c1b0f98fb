"""Command, form, details and card show only what a model can be given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.discord_ui.client import Translator
from bot.i18n import Translations
from tests.support.backend import Backend, open_backend, png
from tests.support.catalogue.model_rows import SILENT_YAML, with_yaml
from tests.support.discord.simulated_chat import PICTURE, Chat, open_chat, text_of

STEERING = {"prompt", "negative_prompt", "camera", "speed", "strength", "path", "candidates"}


@pytest.fixture
async def backend(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, mp4: bytes
) -> AsyncIterator[Backend]:
    file = tmp_path / "generation.yaml"
    file.write_text(with_yaml(SILENT_YAML), encoding="utf-8")
    model, others = request.param
    async with open_backend(
        tmp_path, redis_url, mp4, model=model, models=others, generation_file=file
    ) as opened:
        yield opened


@pytest.fixture
async def chat(backend: Backend) -> AsyncIterator[Chat]:
    async with open_chat(backend, Translations.load()) as opened:
        yield opened


async def options_of(chat: Chat) -> dict[str, bool]:
    """Return the names of the command's options, and whether each is required."""
    tree = chat.env.bot.tree
    command = tree.get_command("animate")
    payload = await command.get_translated_payload(tree, Translator(Translations.load()))
    return {option["name"]: option["required"] for option in payload["options"]}


@pytest.mark.parametrize("backend", [("silent", "")], indirect=True)
async def test_a_model_without_prompts_is_asked_for_none(chat: Chat) -> None:
    offered = await options_of(chat)
    assert not STEERING & offered.keys()
    assert {"guidance", "frames", "steps"} <= offered.keys()
    async with chat.backend.running():
        await chat.alice.slash(chat.channel, "animate", picture=PICTURE)
        clip = await chat.wait_for_clip()
        assert "**silent**" in clip.content
        details = text_of((await chat.click(clip, "details")).response.message)
        form = await chat.click(clip, "tweak")
    assert "guidance: 3\n" in details
    assert "strength:" not in details
    assert "camera:" not in details
    inputs = [label["component"]["custom_id"] for label in form.modal["components"]]
    assert inputs == ["resolution", "numbers"]
    assert chat.backend.worker.orders[0].request.prompt == ""


@pytest.mark.parametrize("backend", [("embedded", "silent=a100")], indirect=True)
async def test_one_command_for_several_models_asks_for_no_prompt_that_one_does_not_read(
    chat: Chat,
) -> None:
    offered = await options_of(chat)
    assert offered.keys() >= STEERING
    assert not offered["prompt"]
    assert offered.keys() >= {"picture_2", "picture_3", "picture_4", "end_picture", "private"}
    assert len(offered) == 25
    assert not offered.keys() & {"playback", "choose", "guidance"}
    assert "parameters" in offered


@pytest.mark.parametrize("backend", [("embedded", "silent=a100")], indirect=True)
async def test_each_option_is_reachable_beside_those_of_the_command(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(parameters="guidance: 3, playback: loop, seed: 5", seed=7)
        await chat.wait_for_clip()
    request = chat.backend.worker.orders[0].request
    assert (request.guidance, request.seed) == (3.0, 7)
    assert request.finish is not None
    assert request.finish.loop
    refused = await chat.animate(parameters="gidance: 3")
    assert "gidance: 3" in text_of(refused.response.message)


@pytest.mark.parametrize("backend", [("embedded", "silent=a100")], indirect=True)
async def test_a_form_leads_from_each_model_to_one_of_other_abilities(chat: Chat) -> None:
    orders = chat.backend.worker.orders
    posted = await chat.bob.send(chat.channel, "look", attachments=[PICTURE])
    form = await chat.alice.context_menu(chat.channel, "Animate this picture", posted)
    inputs = {label["component"]["custom_id"]: label["component"] for label in parts(form)}
    assert not inputs["prompt"]["required"]
    async with chat.backend.running(), chat.backend.running_worker("silent"):
        await chat.alice.submit_modal(form, {"prompt": "waves", "numbers": "model: silent"})
        form = await chat.click(await chat.wait_for_clip(1), "tweak")
        lines = "model: embedded\nprompt: a boat"
        await chat.alice.submit_modal(form, {"numbers": lines})
        await chat.wait_for_clip(2)
        await chat.animate(end_picture=("end.png", png(colour="blue")))
        ended = await chat.wait_for_clip(3)
        form = await chat.click(ended, "tweak")
        await chat.alice.submit_modal(form, {"prompt": "", "numbers": "model: silent\nseed: 8"})
        await chat.wait_for_clip(4)
        form = await chat.click(ended, "tweak")
        await chat.alice.submit_modal(form, {"prompt": "fog", "numbers": "end_picture:\nseed: 9"})
        await chat.wait_for_clip(5)
    made = [(one.request.model, one.request.prompt) for one in orders]
    assert made[:2] == [("silent", ""), ("embedded", "a boat")]
    assert made[3:] == [("silent", ""), ("embedded", "fog")]
    assert [bool(one.request.end_picture) for one in orders] == [
        *(False, False, True, False, False)
    ]


def parts(form: Any) -> list[dict[str, Any]]:
    """Return the labels of an open form."""
    labels: list[dict[str, Any]] = form.modal["components"]
    return labels
