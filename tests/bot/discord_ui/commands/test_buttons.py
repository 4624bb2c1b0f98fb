"""The buttons under a clip do what they say, for those who may."""

from __future__ import annotations

from typing import Any

import discord

from storage.domain.clip import Container
from storage.domain.job import Job
from tests.support.backend import png
from tests.support.simulated_chat import Stage, actions, shown, speaking, whispers


async def jobs_of(stage: Stage) -> list[Job]:
    """Return the job of each clip in the channel."""
    found = []
    for message in stage.clips():
        job = await stage.workshop.jobs.by_message(
            "discord", str(message.channel.id), str(message.id)
        )
        assert job is not None
        found.append(job)
    return found


async def test_retry_makes_the_clip_anew_with_another_seed(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7)
        first = await stage.clip()
        await stage.click(first, "again", stage.bob)
        await stage.clip(2)
    old, new = await jobs_of(stage)
    assert new.request.seed != old.request.seed
    assert (new.parent, new.owner) == (old.id, str(stage.bob.id))
    assert new.request.prompt == old.request.prompt


async def test_tweak_shows_the_clips_parameters_and_makes_what_is_sent(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7, steps=9, camera="pan_left", negative_prompt="people")
        shown_form = await stage.click(await stage.clip(), "tweak")
        assert filled(shown_form.modal) == {
            "prompt": "waves, zoom in",
            "negative": "people",
            "camera": "pan_left",
            "resolution": "128p",
            "numbers": "seed: 7\nframes: 16\nfps: 8\nsteps: 9\nguidance: 1\nspeed: normal\n"
            "strength: 1\npath:\npreset: exact\ncandidates: 1\nformat: mp4",
        }
        await stage.alice.submit_modal(
            shown_form,
            {
                "prompt": "a storm",
                "camera": ["zoom_out"],
                "numbers": "seed: 8\nsteps = 10\nformat: GIF",
            },
        )
        await stage.clip(2)
    _, new = await jobs_of(stage)
    assert (new.request.prompt, new.request.seed, new.request.steps) == ("a storm", 8, 10)
    assert new.request.camera.motion.value == "zoom_out"
    assert new.request.negative_prompt == ""
    assert new.request.container is Container.GIF


async def test_tweak_shows_the_path_and_a_chosen_motion_takes_its_place(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(prompt="waves", path="先推近，然后向左摇")
        assert "Zoom in → Pan left" in shown(await stage.clip())
        form = await stage.click(await stage.clip(), "tweak")
        numbers = filled(form.modal)["numbers"]
        assert "path: 0.5 zoom 1.2364 ease_in_out; 1 left 0.1556 ease_in_out" in numbers
        await stage.alice.submit_modal(form, {"prompt": "waves", "numbers": numbers})
        await stage.clip(2)
        form = await stage.click(stage.clips()[0], "tweak")
        answers = {"prompt": "waves", "numbers": numbers, "camera": ["tilt_up"]}
        await stage.alice.submit_modal(form, answers)
        await stage.clip(3)
    first, again, tilted = await jobs_of(stage)
    assert again.cached
    assert again.request == first.request
    assert tilted.request.camera.keyframes == ()


async def test_tweak_makes_a_path_slower(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(prompt="waves", path="1 left 0.2 zoom 1.44", speed="normal")
        form = await stage.click(await stage.clip(), "tweak")
        numbers = filled(form.modal)["numbers"].replace("speed: normal", "speed: slow")
        await stage.alice.submit_modal(form, {"prompt": "waves", "numbers": numbers})
        details = await stage.click(await stage.clip(2), "details")
    assert "path: 1 left 0.1 zoom 1.2" in shown(details.response.message)


def filled(modal: dict[str, Any]) -> dict[str, str]:
    """Return what a form holds when it opens."""
    found = {}
    for label in modal["components"]:
        field = label["component"]
        chosen = [option["value"] for option in field.get("options", ()) if option.get("default")]
        found[field["custom_id"]] = chosen[0] if chosen else field.get("value", "")
    return found


async def test_a_form_with_a_bad_line_is_refused(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate()
        clip = await stage.clip()
        for line, text in (("steps: many", "steps: many"), ("sides: 9", "sides: 9"),
                           ("steps: 5000", "between 2 and 50")):  # fmt: skip
            form = await stage.click(clip, "tweak")
            result = await stage.alice.submit_modal(form, {"prompt": "a", "numbers": line})
            assert text in whispers(result)[0]
    assert len(stage.clips()) == 1


async def test_the_form_speaks_the_persons_language(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate()
        with speaking("zh-CN"):
            form = await stage.click(await stage.clip(), "tweak")
    assert form.modal["title"] == "调整这段动画"


async def test_details_tell_everything_to_whoever_asks_and_nobody_else(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7, negative_prompt="people", guidance=1.0)
        clip = await stage.clip()
        with speaking("zh-CN"):
            result = await stage.click(clip, "details", stage.bob)
    assert result.response.ephemeral
    text = shown(result.response.message)
    assert all(line in text for line in ("seed: 7\n", "guidance: 1\n", "negative: people\n"))
    assert "5 点 · 2 秒" in text
    assert len(stage.clips()) == 1


async def test_delete_removes_the_message_and_the_kept_clip(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7)
        await stage.click(await stage.clip(), "delete")
        assert stage.messages == []
        await stage.animate(seed=7)
        assert "From the cache" not in shown(await stage.clip())


async def test_only_the_owner_or_a_moderator_may_delete(stage: Stage) -> None:
    role = stage.guild.create_role("mods", permissions=discord.Permissions(manage_messages=True))
    carol = stage.guild.add_member(stage.env.create_user("carol"), roles=[role])
    async with stage.workshop.working():
        await stage.animate()
        clip = await stage.clip()
        result = await stage.click(clip, "delete", stage.bob)
        assert "Only the person" in whispers(result)[0]
        assert len(stage.clips()) == 1
        await stage.click(clip, "delete", carol)
    assert stage.clips() == []


async def test_only_the_owner_may_cancel(stage: Stage) -> None:
    await stage.animate()
    message = await stage.shows("in the queue")
    result = await stage.click(message, "cancel", stage.bob)
    assert "Only the person" in whispers(result)[0]
    assert len(await stage.workshop.jobs.unfinished()) == 1


async def test_a_cancelled_order_leaves_nothing_once_it_is_deleted(stage: Stage) -> None:
    await stage.animate()
    [job] = await stage.workshop.jobs.unfinished()
    await stage.click(await stage.shows("in the queue"), "cancel")
    await stage.click(await stage.shows("Cancelled"), "delete")
    assert stage.messages == []
    assert not await stage.workshop.blobs.has(job.request.picture)


async def test_cancel_stops_the_worker_midway(stage: Stage) -> None:
    stage.workshop.hands.gate.clear()
    async with stage.workshop.working():
        await stage.animate()
        await stage.click(await stage.shows("step"), "cancel")
        message = await stage.shows("Nothing was charged")
    assert actions(message) == ["again", "tweak", "details", "delete"]
    assert message.attachments == []


async def test_the_same_order_comes_from_the_cache(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7)
        first = await stage.clip()
        await stage.animate(stage.bob, seed=7)
        second = await stage.clip(2)
    assert "From the cache" in shown(second)
    assert await first.attachments[0].read() == await second.attachments[0].read()
    assert len(stage.workshop.hands.orders) == 1


async def test_a_picture_in_a_message_is_animated_from_its_menu(stage: Stage) -> None:
    posted = await stage.bob.send(stage.channel, "look", attachments=[("dog.png", png())])
    async with stage.workshop.working():
        form = await stage.alice.context_menu(stage.channel, "Animate this picture", posted)
        result = await stage.alice.submit_modal(form, {"prompt": "wags", "numbers": "seed: 3"})
        await stage.shows("seed 3")
    assert result.acknowledged


async def test_a_message_without_a_picture_is_refused(stage: Stage) -> None:
    posted = await stage.bob.send(stage.channel, "hello")
    result = await stage.alice.context_menu(stage.channel, "Animate this picture", posted)
    assert "no picture" in whispers(result)[0]
