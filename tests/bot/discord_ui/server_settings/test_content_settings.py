"""/settings changes how strictly pictures are looked at, and which words are not wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.studio.content.content_rules import ContentRules
from deploy.local.discord.state.guild import ADA, GUILD
from storage.domain.trust.policy import ServerPolicy
from tests.bot.discord_ui.server_settings.test_settings import (
    Settings,
    controls,
    opened,
    policy_of,
)
from tests.support.backend import Backend, open_backend, until
from tests.support.discord.local_chat import LocalChat
from tests.support.pictures.filters import RedChecker


@pytest.fixture
async def backend(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, mp4: bytes
) -> AsyncIterator[Backend]:
    rules = ContentRules(RedChecker()) if getattr(request, "param", True) else None
    async with open_backend(tmp_path, redis_url, mp4, rules=rules) as opened:
        yield opened


async def on_page(chat: LocalChat) -> Settings:
    settings = await opened(chat.ada)
    await settings.go("content")
    return settings


async def test_a_level_is_chosen_and_shown_as_chosen(chat: LocalChat) -> None:
    settings = await on_page(chat)
    assert "Normal: what is clearly not for everybody" in await settings.text()
    await settings.use("level", "off")
    assert await policy_of(chat) == ServerPolicy(filter_level="off")
    options = controls(await settings.shown())["level"]["options"]
    assert [one["value"] for one in options] == ["strict", "normal", "off"]
    assert [one["value"] for one in options if one.get("default")] == ["off"]
    await settings.go("overview")
    assert "Off in age-restricted channels" in await settings.text()
    assert chat.refusals() == []


async def test_words_are_typed_into_a_form_and_a_wrong_one_changes_nothing(
    chat: LocalChat,
) -> None:
    settings = await on_page(chat)
    form = await settings.use("words")
    await chat.ada.submit(form["interaction"], {"words": "dragons\n/kni.ht/\n"})
    assert (await policy_of(chat)).words == ("dragons", "/kni.ht/")
    assert "dragons\n/kni.ht/" in await settings.text()
    form = await settings.use("words")
    await chat.ada.submit(form["interaction"], {"words": "/(/"})

    async def is_refused() -> bool:
        return any("“/(/” cannot be used" in one["content"] for one in await chat.ada.messages())

    await until(is_refused)
    assert (await policy_of(chat)).words == ("dragons", "/kni.ht/")
    assert chat.refusals() == []


async def test_what_was_refused_is_in_the_log(chat: LocalChat) -> None:
    audit = chat.backend.studio.audit
    await audit.record(GUILD, ADA, "refused_words", "", channel="77", entry="dragons")
    await audit.record(GUILD, ADA, "refused_picture", "", channel="77")
    settings = await opened(chat.ada)
    await settings.go("log")
    picture, words = (await settings.text()).splitlines()[1:]
    assert words.endswith(f"<@{ADA}> · was refused a prompt: dragons · <#77>")
    assert picture.endswith(f"<@{ADA}> · was refused a picture: <#77>")


@pytest.mark.parametrize("backend", [False], indirect=True)
async def test_a_bot_without_a_filter_says_so(chat: LocalChat) -> None:
    settings = await on_page(chat)
    assert "Nobody looks at pictures and clips" in await settings.text()
    assert set(controls(await settings.shown())) == {"go", "words"}
