"""The buttons of a job's message, and who may use them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord.webhook.async_ import AsyncWebhookAdapter

from bot.discord_ui.commands.buttons import JobButton
from storage.domain.clip import Container
from storage.domain.job import Job
from tests.support.backend import png, until
from tests.support.discord.simulated_chat import (
    Chat,
    button_actions,
    ephemeral_texts,
    text_of,
    user_locale,
)


async def jobs_of(chat: Chat) -> list[Job]:
    """Return the job of each clip in the channel."""
    found = []
    for message in chat.clips():
        job = await chat.backend.jobs.search.by_message(
            "discord", str(message.channel.id), str(message.id)
        )
        assert job is not None
        found.append(job)
    return found


async def test_retry_orders_the_clip_with_another_seed(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        first = await chat.wait_for_clip()
        await chat.click(first, "again", chat.bob)
        await chat.wait_for_clip(2)
    old, new = await jobs_of(chat)
    assert new.request.seed != old.request.seed
    assert (new.parent, new.owner) == (old.id, str(chat.bob.id))
    assert new.request.prompt == old.request.prompt


async def test_tweak_opens_a_filled_form_and_orders_what_is_submitted(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7, steps=9, camera="pan_left", negative_prompt="people")
        opened_form = await chat.click(await chat.wait_for_clip(), "tweak")
        assert filled(opened_form.modal) == {
            "prompt": "waves, zoom in",
            "negative": "people",
            "camera": "pan_left",
            "resolution": "512p",
            "numbers": "seed: 7\nframes: 60\nfps: 24\nsteps: 9\nguidance: 1\nspeed: normal\n"
            "strength: 1\npath:\npreset: exact\ncandidates: 1\nchoose: me\nformat: mp4\n"
            "upscale: 1\nsmooth: 0\nplayback: forwards\nstyle:\nprivate: no",
        }
        await chat.alice.submit_modal(
            opened_form,
            {
                "prompt": "a storm",
                "camera": ["zoom_out"],
                "numbers": "seed: 8\nsteps = 10\nformat: GIF",
            },
        )
        await chat.wait_for_clip(2)
    _, new = await jobs_of(chat)
    assert (new.request.prompt, new.request.seed, new.request.steps) == ("a storm", 8, 10)
    assert new.request.camera.motion.value == "zoom_out"
    assert new.request.negative_prompt == ""
    assert new.request.container is Container.GIF


async def test_a_motion_that_is_chosen_in_the_form_replaces_the_path(
    chat: Chat,
) -> None:
    async with chat.backend.running():
        await chat.animate(prompt="waves", path="先推近，然后向左摇")
        assert "Zoom in → Pan left" in text_of(await chat.wait_for_clip())
        form = await chat.click(await chat.wait_for_clip(), "tweak")
        numbers = filled(form.modal)["numbers"]
        assert "path: 0.5 zoom 1.2364 ease_in_out; 1 left 0.1556 ease_in_out" in numbers
        await chat.alice.submit_modal(form, {"prompt": "waves", "numbers": numbers})
        await chat.wait_for_clip(2)
        form = await chat.click(chat.clips()[0], "tweak")
        answers = {"prompt": "waves", "numbers": numbers, "camera": ["tilt_up"]}
        await chat.alice.submit_modal(form, answers)
        await chat.wait_for_clip(3)
    first, again, tilted = await jobs_of(chat)
    assert again.cached
    assert again.request == first.request
    assert tilted.request.camera.keyframes == ()


async def test_tweak_makes_a_path_slower(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(prompt="waves", path="1 left 0.2 zoom 1.44", speed="normal")
        form = await chat.click(await chat.wait_for_clip(), "tweak")
        numbers = filled(form.modal)["numbers"].replace("speed: normal", "speed: slow")
        await chat.alice.submit_modal(form, {"prompt": "waves", "numbers": numbers})
        details = await chat.click(await chat.wait_for_clip(2), "details")
    assert "path: 1 left 0.1 zoom 1.2" in text_of(details.response.message)


def filled(modal: dict[str, Any]) -> dict[str, str]:
    """Return the values of a form when it opens."""
    found = {}
    for label in modal["components"]:
        field = label["component"]
        chosen = [option["value"] for option in field.get("options", ()) if option.get("default")]
        found[field["custom_id"]] = chosen[0] if chosen else field.get("value", "")
    return found


async def test_a_form_with_a_bad_line_is_refused(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        for line, text in (("steps: many", "steps: many"), ("sides: 9", "sides: 9"),
                           ("steps: 5000", "between 2 and 50")):  # fmt: skip
            form = await chat.click(clip, "tweak")
            result = await chat.alice.submit_modal(form, {"prompt": "a", "numbers": line})
            assert text in ephemeral_texts(result)[0]
    assert len(chat.clips()) == 1


async def test_a_refused_form_keeps_what_was_typed(chat: Chat) -> None:
    typed = {"prompt": "a storm", "camera": ["zoom_out"], "numbers": "steps: many"}
    async with chat.backend.running():
        await chat.animate()
        form = await chat.click(await chat.wait_for_clip(), "tweak")
        refused = await chat.alice.submit_modal(form, typed)
        assert "steps: many" in ephemeral_texts(refused)[0]
        again = await chat.click(refused.response.message, "edit")
        kept = filled(again.modal)
        assert (kept["prompt"], kept["camera"]) == ("a storm", "zoom_out")
        assert kept["numbers"] == "steps: many"
        await chat.alice.submit_modal(again, typed | {"numbers": "steps: 9"})
        await chat.wait_for_clip(2)
        chat.env.bot.refused_forms.clear()
        lost = await chat.click(refused.response.message, "edit")
    assert "lost what you typed" in ephemeral_texts(lost)[0]


async def test_a_form_refused_for_its_picture_keeps_what_was_typed(chat: Chat) -> None:
    posted = await chat.bob.send(chat.channel, "look", attachments=[("dog.png", png()[:-200])])
    form = await chat.alice.context_menu(chat.channel, "Animate this picture", posted)
    typed = {"prompt": "wags its tail", "numbers": "seed: 3"}
    refused = await chat.alice.submit_modal(form, typed)
    assert ["damaged" in text for text in ephemeral_texts(refused)] == [True]
    again = await chat.click(refused.followups[0].message, "edit")
    assert filled(again.modal)["prompt"] == "wags its tail"
    assert filled(again.modal)["numbers"] == "seed: 3"


async def test_the_form_is_in_the_users_locale(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        with user_locale("zh-CN"):
            form = await chat.click(await chat.wait_for_clip(), "tweak")
    assert form.modal["title"] == "调整这段动画"


async def test_details_are_shown_to_the_person_who_clicked_alone(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7, negative_prompt="people", guidance=1.0)
        clip = await chat.wait_for_clip()
        with user_locale("zh-CN"):
            result = await chat.click(clip, "details", chat.bob)
    assert result.response.ephemeral
    text = text_of(result.response.message)
    assert all(line in text for line in ("seed: 7\n", "guidance: 1\n", "negative: people\n"))
    assert "7 点 · 2 秒" in text
    assert len(chat.clips()) == 1


async def test_delete_removes_the_message_and_the_cached_clip(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        await chat.click(await chat.wait_for_clip(), "delete")
        assert chat.messages == []
        await chat.animate(seed=7)
        assert "From the cache" not in text_of(await chat.wait_for_clip())


async def test_only_the_owner_or_a_moderator_may_delete(chat: Chat) -> None:
    role = chat.guild.create_role("mods", permissions=discord.Permissions(manage_messages=True))
    carol = chat.guild.add_member(chat.env.create_user("carol"), roles=[role])
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        result = await chat.click(clip, "delete", chat.bob)
        assert "Only the person" in ephemeral_texts(result)[0]
        assert len(chat.clips()) == 1
        await chat.click(clip, "delete", carol)
    assert chat.clips() == []


async def test_only_the_owner_may_cancel(chat: Chat) -> None:
    await chat.animate()
    message = await chat.wait_for_text("in the queue")
    result = await chat.click(message, "cancel", chat.bob)
    assert "Only the person" in ephemeral_texts(result)[0]
    assert len(await chat.backend.jobs.pending.all()) == 1


async def test_a_moderator_may_cancel_other_peoples_orders(chat: Chat) -> None:
    role = chat.guild.create_role("mods", permissions=discord.Permissions(manage_messages=True))
    carol = chat.guild.add_member(chat.env.create_user("carol"), roles=[role])
    await chat.animate()
    await chat.click(await chat.wait_for_text("in the queue"), "cancel", carol)
    await chat.wait_for_text("Cancelled")


async def test_deleting_a_cancelled_order_deletes_its_picture(chat: Chat) -> None:
    await chat.animate()
    [job] = await chat.backend.jobs.pending.all()
    await chat.click(await chat.wait_for_text("in the queue"), "cancel")
    await chat.click(await chat.wait_for_text("Cancelled"), "delete")
    assert chat.messages == []
    assert not await chat.backend.blobs.has(job.request.picture)


async def test_cancel_stops_a_running_job(chat: Chat) -> None:
    chat.backend.worker.gate.clear()
    async with chat.backend.running():
        await chat.animate()
        await chat.click(await chat.wait_for_text("step"), "cancel")
        message = await chat.wait_for_text("Nothing was charged")
    assert button_actions(message) == ["again", "tweak", "details", "delete"]
    assert message.attachments == []


async def test_the_same_order_comes_from_the_cache(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        first = await chat.wait_for_clip()
        await chat.animate(chat.bob, seed=7)
        second = await chat.wait_for_clip(2)
    assert "From the cache" in text_of(second)
    assert await first.attachments[0].read() == await second.attachments[0].read()
    assert len(chat.backend.worker.orders) == 1


async def test_a_messages_picture_is_animated_from_the_context_menu(chat: Chat) -> None:
    posted = await chat.bob.send(chat.channel, "look", attachments=[("dog.png", png())])
    async with chat.backend.running():
        form = await chat.alice.context_menu(chat.channel, "Animate this picture", posted)
        result = await chat.alice.submit_modal(form, {"prompt": "wags", "numbers": "seed: 3"})
        await chat.wait_for_text("seed 3")
    assert result.acknowledged


async def test_a_message_without_a_picture_is_refused(chat: Chat) -> None:
    posted = await chat.bob.send(chat.channel, "hello")
    result = await chat.alice.context_menu(chat.channel, "Animate this picture", posted)
    assert "no picture" in ephemeral_texts(result)[0]


async def test_two_presses_within_a_second_are_one_order(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        await chat.click(clip, "again")
        await chat.click(clip, "again")
        await chat.wait_for_clip(2)
        await until(chat.backend.all_jobs_delivered)
    assert (
        sum((await chat.backend.studio.reports.of_person(str(chat.alice.id))).counts.values()) == 2
    )


async def test_a_press_that_the_gateway_repeats_is_answered_once(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[object] = []
    respond: Any = AsyncWebhookAdapter.create_interaction_response
    press = JobButton.callback

    async def note(adapter: Any, *args: Any, **options: Any) -> Any:
        answers.append(options["params"].payload["type"])
        return await respond(adapter, *args, **options)

    async def twice(button: Any, interaction: Any) -> None:
        await asyncio.gather(press(button, interaction), press(button, interaction))

    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        monkeypatch.setattr(AsyncWebhookAdapter, "create_interaction_response", note)
        monkeypatch.setattr(JobButton, "callback", twice)
        await chat.click(clip, "again")
        await chat.wait_for_clip(2)
        await until(chat.backend.all_jobs_delivered)
    assert answers == [discord.InteractionResponseType.deferred_channel_message.value]


async def test_presses_that_come_late_and_together_are_told_apart_by_their_times(
    chat: Chat,
) -> None:
    def is_first(second: float) -> bool:
        created = datetime.fromtimestamp(second, UTC)
        press: Any = SimpleNamespace(user=SimpleNamespace(id=7), created_at=created)
        first: bool = chat.env.bot.is_first_press(press, "again:late")
        return first

    assert [is_first(second) for second in (10.0, 10.5, 15.0, 12.0)] == [True, False, True, True]
