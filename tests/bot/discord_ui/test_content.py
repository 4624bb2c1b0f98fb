"""People are told kindly of what is refused, and a covered picture's clips stay covered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.studio.content.content_rules import ContentRules
from bot.studio.content.word_list import WordList
from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord.state.guild import ADA, GALLERY, GUILD, STUDIO
from storage.domain.clip import Failure
from storage.domain.trust.filter_level import CONTENT_REFUSED
from tests.bot.discord_ui.library.test_clip import asked, make_clip, refusal
from tests.bot.discord_ui.privacy.test_private import EPHEMERAL, is_told
from tests.support.backend import Backend, open_backend, png, until
from tests.support.discord.local_chat import LocalChat, open_local_chat
from tests.support.discord.simulated_chat import (
    Chat,
    button_actions,
    ephemeral_texts,
    text_of,
    user_locale,
)
from tests.support.pictures.filters import RedChecker

RED = png((64, 64), "#ff0000")


@pytest.fixture
async def backend(tmp_path: Path, redis_url: str, mp4: bytes) -> AsyncIterator[Backend]:
    rules = ContentRules(RedChecker(), words=WordList.read(["dragons"]))
    async with open_backend(tmp_path, redis_url, mp4, rules=rules) as opened:
        yield opened


@pytest.fixture
async def local(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    """A chat in an age-restricted channel, in which nothing is looked at."""
    await backend.studio.policies.change(
        GUILD, ADA, lambda policy: replace(policy, filter_level="off")
    )
    async with open_local_chat(backend, tmp_path) as opened:
        await opened.change(f"channels/{STUDIO}", nsfw=True)
        yield opened


async def refused(chat: Chat, **options: Any) -> str:
    """Order what is refused; return what only the person reads of it."""
    [text] = ephemeral_texts(await chat.animate(**options))
    assert [message for message in chat.messages if not message.flags.ephemeral] == []
    assert await chat.backend.jobs.pending.all() == []
    return text


async def test_what_is_refused_is_told_to_the_person_alone(chat: Chat) -> None:
    assert "content filter does not let" in await refused(chat, picture=("red.png", RED))
    assert "words that are not wanted here" in await refused(chat, prompt="dragons fly")
    assert "nothing sexual with minors" in await refused(chat, prompt="a naked child")
    several = await refused(chat, picture=("a.png", png()), picture_2=("red.png", RED))
    assert "red.png" in several
    with user_locale("zh-CN"):
        assert "内容过滤器" in await refused(chat, picture=("red.png", RED))
    entries = await chat.backend.studio.audit.page(str(chat.guild.id), 10)
    assert {entry.actor for entry in entries} == {str(chat.alice.id)}
    found = [(entry.action, (entry.detail or {}).get("entry")) for entry in reversed(entries)]
    assert found == [
        ("refused_picture", None),
        ("refused_words", "dragons"),
        ("refused_words", "minors"),
    ]


async def test_a_refused_clip_has_no_button_to_make_it_again(chat: Chat) -> None:
    chat.backend.worker.failure = Failure(CONTENT_REFUSED)
    async with chat.backend.running():
        await chat.animate()
        shown = await chat.wait_for_text("content filter does not let this clip")
    assert "Nothing was charged" in text_of(shown)
    assert button_actions(shown) == ["tweak", "details", "delete"]


async def test_every_clip_of_a_covered_picture_is_covered_and_has_a_text(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(picture=("SPOILER_cat.png", png()), candidates=2)
        drafts = await chat.wait_for_clip()
        await chat.click(drafts, "choose:1")
        first = await chat.wait_for_clip(2)
        await chat.click(first, "again")
        await chat.wait_for_clip(3)
        await chat.finish(first, "reverse")
        await chat.wait_for_clip(4)
        for count, action in ((5, "tweak"), (6, "extend")):
            form = await chat.click(first, action)
            await chat.alice.submit_modal(form, {"prompt": "pan left"})
            await chat.wait_for_clip(count)
    files = [message.attachments[0] for message in chat.clips()]
    assert [file.is_spoiler() for file in files] == [True] * 6
    assert [file.description for file in files] == ["waves, zoom in"] * 4 + ["pan left"] * 2


async def test_an_unchecked_clip_stays_in_its_age_restricted_channel(local: LocalChat) -> None:
    _, job = await make_clip(local)
    assert job.clip is not None
    assert job.clip.content_score is None
    shown = await asked(local.ada, job.id)
    assert clip_of(shown)
    posted = await local.ada.press(shown["id"], f"show:{job.id}")
    assert await local.ada.wait_for_message(posted["message"], clip_of)
    local.ada.channel = GALLERY
    assert "cannot be shown here" in await refusal(local.ada, job.id)


async def test_an_unchecked_clip_is_not_sent_directly(local: LocalChat) -> None:
    await local.order(prompt="a rude word, zoom in")
    await local.change("guilds/main", automod_words=["rude"])
    await local.deliver()
    assert await local.waiting_in_clips() == 1
    assert await local.clips(local.direct) == []


async def test_an_unchecked_private_clip_is_seen_where_it_was_ordered_alone(
    local: LocalChat,
) -> None:
    waiting = await local.order(private="yes")
    await local.deliver()
    clip = await local.ada.wait_for_message(waiting, clip_of)
    assert clip["flags"] & EPHEMERAL
    assert await local.clips(local.direct) == []
    await local.change(f"channels/{STUDIO}", nsfw=False)
    await local.ada.press(clip["id"], buttons_of(clip)["mail"])
    await until(lambda: is_told(local, "cannot be shown here"))
