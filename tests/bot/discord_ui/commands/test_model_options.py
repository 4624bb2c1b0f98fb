"""Command, form, details and card show only what a model can be given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.discord_ui.client import Translator
from bot.i18n import Translations
from tests.support.backend import Backend, open_backend
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
