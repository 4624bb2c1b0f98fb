"""The menu under a finished clip orders it again, with something done to it."""

from __future__ import annotations

from enum import Enum

import pytest

from bot.discord_ui.clip_actions import finish_menu
from storage.domain.clip import Container
from storage.domain.finish import Finish
from tests.bot.discord_ui.commands.test_buttons import jobs_of
from tests.support.discord.simulated_chat import Chat, ephemeral_texts, menu_ids, text_of


async def test_each_choice_is_an_order_of_its_own_and_cached_when_asked_again(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        first = await chat.wait_for_clip()
        await chat.finish(first, "reverse", chat.bob)
        second = await chat.wait_for_clip(2)
        await chat.finish(second, "gif")
        third = await chat.wait_for_clip(3)
        await chat.finish(first, "reverse")
        await chat.wait_for_clip(4)
    made, turned, gif, again = await jobs_of(chat)
    assert made.clip is not None
    assert turned.clip is not None
    assert (turned.parent, turned.owner) == (made.id, str(chat.bob.id))
    assert turned.request.source == made.clip.blob
    assert turned.request.finish == Finish(reverse=True)
    assert 0 < turned.cost < made.cost
    assert (gif.parent, gif.request.container) == (turned.id, Container.GIF)
    assert gif.request.source == made.clip.blob
    assert gif.request.finish == Finish(reverse=True)
    assert (again.cached, again.cost, again.clip) == (True, 0, turned.clip)
    assert "reversed · 🎥" in text_of(second)
    assert len(menu_ids(third)) == 1


async def test_a_menu_works_after_a_restart_and_refuses_in_words(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        first = await chat.wait_for_clip()
        await chat.restart()
        await chat.finish(first, "upscale_4")
        larger = await chat.wait_for_clip(2)
        assert "upscaled 4x" in text_of(larger)
        refused = await chat.finish(larger, "upscale_2")
        assert "4 times at most" in "".join(ephemeral_texts(refused))
        [made, _] = await jobs_of(chat)
        await chat.backend.studio.delete(made.id, made.owner)
        gone = await chat.finish(first, "loop")
        assert "deleted" in "".join(ephemeral_texts(gone))


async def test_a_card_without_a_clip_has_no_menu(chat: Chat) -> None:
    await chat.animate()
    assert menu_ids(chat.last_message) == []


async def test_an_entry_of_another_version_is_refused_in_words(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        monkeypatch.setattr(finish_menu, "FinishAction", Enum("FinishAction", {"NONE": "none"}))
        refused = await chat.finish(clip, "reverse")
    assert "another version" in "".join(ephemeral_texts(refused))
