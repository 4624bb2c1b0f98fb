"""Extend goes on from a finished clip, by a form with what it was made of."""

from __future__ import annotations

from dataclasses import replace

from storage.domain.clip import Clip
from tests.bot.discord_ui.commands.test_buttons import filled, jobs_of
from tests.support.discord.simulated_chat import Chat, button_actions, text_of


async def test_a_clip_is_extended_by_another_prompt(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7, steps=9, frames=40)
        first = await chat.wait_for_clip()
        assert button_actions(first) == ["again", "tweak", "extend", "details", "delete"]
        form = await chat.click(first, "extend", chat.bob)
        shown = filled(form.modal)
        assert shown["prompt"] == "waves, zoom in"
        assert "resolution" not in shown
        assert "fps:" not in shown["numbers"]
        assert "seed:" not in shown["numbers"]
        answers = {"prompt": "pan left", "numbers": "frames: 30\nseed: 9\nsteps: 9"}
        await chat.bob.submit_modal(form, answers)
        await chat.wait_for_clip(2)
    old, new = await jobs_of(chat)
    assert isinstance(old.clip, Clip)
    assert (new.parent, new.owner) == (old.id, str(chat.bob.id))
    request = new.request
    assert (request.source, request.picture) == (old.clip.blob, old.request.picture)
    assert (request.prompt, request.frames, request.fps) == ("pan left", 30, old.clip.fps)
    assert (request.width, request.height) == (old.request.width, old.request.height)
    assert (request.seed, request.steps) == (9, 9)


async def test_a_tweak_of_an_extension_goes_on_from_the_same_clip(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        form = await chat.click(await chat.wait_for_clip(), "extend")
        await chat.alice.submit_modal(form, {"prompt": "pan left"})
        form = await chat.click(await chat.wait_for_clip(2), "tweak")
        await chat.alice.submit_modal(form, {"prompt": "tilt up", "numbers": "fps: 8"})
        await chat.wait_for_clip(3)
    first, extended, tweaked = await jobs_of(chat)
    assert first.clip is not None
    assert tweaked.request.source == extended.request.source == first.clip.blob
    assert tweaked.request.fps == first.clip.fps
    assert tweaked.request.prompt == "tilt up"


async def test_a_clip_that_would_become_too_long_is_refused(chat: Chat) -> None:
    worker = chat.backend.worker
    worker.claims = [_long]
    async with chat.backend.running():
        await chat.animate(seed=7)
        form = await chat.click(await chat.wait_for_clip(), "extend")
        answer = await chat.alice.submit_modal(form, {"prompt": "pan left"})
        await chat.env.settle()
    texts = [message.content for message in answer.followups]
    assert any("That clip has 1000 frames already" in text for text in texts), texts
    assert len(chat.clips()) == 1
    assert "pan left" not in text_of(chat.last_message)


async def _long(clip: Clip) -> Clip:
    return replace(clip, frames=1000)
