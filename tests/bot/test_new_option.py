"""One row in the option table and its texts are all that a new option needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli import arguments
from bot.discord_ui.client import Translator
from bot.i18n import Translations
from bot.studio.option_table import OPTIONS, Option
from bot.studio.options import Options
from storage.domain.errors import BadRequest
from storage.domain.models.ranges import Span
from tests.support.backend import Backend, open_backend, png, requester
from tests.support.discord.simulated_chat import Chat, ephemeral_texts, open_chat, text_of

TABLE = (*OPTIONS, Option("grain", float, 0.0, Span(0.0, 1.0)))
TEXTS = {
    "en": {"option_grain": "grain", "option_grain_about": "Film grain", "name_grain": "“grain”"},
    "zh-CN": {"option_grain": "颗粒", "option_grain_about": "胶片颗粒", "name_grain": "“颗粒”"},
}


@pytest.fixture
def texts() -> Translations:
    known = Translations.load()
    return Translations({name: {**known.locales[name], **TEXTS[name]} for name in TEXTS})


@pytest.fixture
async def backend(tmp_path: Path, redis_url: str, mp4: bytes) -> AsyncIterator[Backend]:
    async with open_backend(tmp_path, redis_url, mp4, table=TABLE) as opened:
        yield opened


@pytest.fixture
async def chat(backend: Backend, texts: Translations) -> AsyncIterator[Chat]:
    async with open_chat(backend, texts) as opened:
        yield opened


async def test_the_command_offers_it_within_its_bounds_in_every_language(
    chat: Chat, texts: Translations
) -> None:
    tree = chat.env.bot.tree
    command = await tree.get_command("animate").get_translated_payload(tree, Translator(texts))
    assert command["options"][-1] == {
        "type": 10,
        "name": "grain",
        "description": "Film grain",
        "required": False,
        "min_value": 0.0,
        "max_value": 1.0,
        "name_localizations": {"zh-CN": "颗粒"},
        "description_localizations": {"zh-CN": "胶片颗粒"},
    }


async def test_it_travels_to_the_engine_is_listed_in_the_details_and_may_be_tweaked(
    chat: Chat,
) -> None:
    orders = chat.backend.worker.orders
    async with chat.backend.running():
        await chat.animate(grain=0.25)
        clip = await chat.wait_for_clip()
        details = await chat.click(clip, "details")
        assert "grain: 0.25\n" in text_of(details.response.message)
        form = await chat.click(clip, "tweak")
        assert lines_of(form).splitlines()[-1] == "grain: 0.25"
        await chat.alice.submit_modal(form, {"prompt": "waves", "numbers": "grain: 0.75"})
        await chat.wait_for_clip(2)
        await chat.click(await chat.wait_for_clip(2), "again")
        await chat.wait_for_clip(3)
    assert [order.request.extra for order in orders] == [
        (("grain", 0.25),),
        (("grain", 0.75),),
        (("grain", 0.75),),
    ]


async def test_it_is_bounded_at_admission(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        form = await chat.click(await chat.wait_for_clip(), "tweak")
        result = await chat.alice.submit_modal(form, {"prompt": "waves", "numbers": "grain: 5"})
    assert "“grain” must lie between 0 and 1" in ephemeral_texts(result)[0]
    with pytest.raises(BadRequest):
        await chat.backend.studio.orders.submit(requester(), png(), Options("waves", grain=-1.0))


async def test_the_command_line_takes_it(
    backend: Backend, texts: Translations, capsys: pytest.CaptureFixture[str]
) -> None:
    admission = backend.studio.admission
    found = arguments.read(
        ["animate", "a.png", "--prompt", "x", "--grain", "0.5"], admission, texts
    )
    options = arguments.options_of(found, "x", admission, Options())
    job = await backend.studio.orders.submit(requester(), png(), options)
    assert (await backend.studio.job(job.id)).request.extra == (("grain", 0.5),)
    with pytest.raises(SystemExit):
        arguments.read(["animate", "--help"], admission, texts)
    assert "--grain GRAIN" in capsys.readouterr().out


async def test_an_order_without_it_is_as_it_was_before_there_was_one(backend: Backend) -> None:
    for options in (Options("waves", seed=1), Options("waves", seed=1, grain=0)):
        job = await backend.studio.orders.submit(requester(), png(), options)
        assert job.request.extra == ()


def lines_of(form: Any) -> str:
    """Return the parameter lines that a form opens with."""
    found: str = form.modal["components"][-1]["component"]["value"]
    return found
