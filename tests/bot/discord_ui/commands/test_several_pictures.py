"""Several pictures in one order: a clip of each, all or none, each with a message of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest

from storage.database.jobs import Jobs
from storage.domain.job import Job
from tests.support.backend import Workshop, png, until
from tests.support.simulated_chat import Stage, actions, open_stage, shown, speaking, whispers

COLOURS = ("red", "green", "blue", "white")


def pictures(count: int = 3) -> dict[str, tuple[str, bytes]]:
    """Return the options of so many pictures."""
    names = ("picture", "picture_2", "picture_3", "picture_4")
    return {
        name: (f"{colour}.png", png(colour=colour))
        for name, colour in list(zip(names, COLOURS, strict=True))[:count]
    }


def public(stage: Stage) -> list[discord.Message]:
    """Return what everybody sees."""
    return [message for message in stage.messages if not message.flags.ephemeral]


async def jobs_of(stage: Stage) -> list[Job]:
    """Return the job of each message that everybody sees."""
    found = []
    for message in public(stage):
        place = ("discord", str(message.channel.id), str(message.id))
        job = await stage.workshop.jobs.by_message(*place)
        assert job is not None
        found.append(job)
    return found


async def test_each_picture_becomes_a_clip_in_a_message_of_its_own(stage: Stage) -> None:
    async with stage.workshop.working():
        result = await stage.animate(**pictures(4), seed=7)
        await stage.clip(4)
        await until(stage.workshop.jobs_are_delivered)
    assert public(stage)[0].id == result.response.id
    assert all(actions(clip) == ["again", "tweak", "details", "delete"] for clip in public(stage))
    assert all(clip.content.startswith(stage.alice.mention) for clip in public(stage))
    made = [await stage.workshop.blobs.get(job.request.picture) for job in await jobs_of(stage)]
    assert made == [data for _, data in pictures(4).values()]
    assert [order.request.picture for order in stage.workshop.hands.orders] == [
        job.request.picture for job in await jobs_of(stage)
    ]


async def test_cancel_retry_and_delete_are_of_one_clip_alone(stage: Stage) -> None:
    await stage.animate(**pictures(3))
    await until(lambda: [actions(card) for card in public(stage)] == [["cancel"]] * 3)
    first, second, third = public(stage)
    await stage.click(second, "cancel")
    await until(lambda: "Cancelled" in shown(public(stage)[1]))
    assert len(await stage.workshop.jobs.unfinished()) == 2
    async with stage.workshop.working():
        await stage.clip(2)
        await stage.click(public(stage)[2], "again", stage.bob)
        await stage.clip(3)
    await stage.click(public(stage)[0], "delete")
    left = [message.id for message in public(stage)]
    assert (first.id in left, second.id in left, third.id in left) == (False, True, True)


async def test_others_need_not_wait_for_all_of_them(stage: Stage) -> None:
    await stage.animate(**pictures(4))
    await stage.animate(stage.bob)
    line = [job.owner for job in await stage.workshop.jobs.waiting()]
    assert line.index(str(stage.bob.id)) == 1


async def test_all_are_refused_where_not_all_can_be_paid_and_it_is_told_how_many(
    workshop: Workshop,
) -> None:
    quota = replace(workshop.catalogue.quota, credits_per_day=12)
    workshop.jobs = workshop.studio.jobs = workshop.book(quota)
    async with open_stage(workshop) as stage:
        assert "enough for 2 of them" in whispers(await stage.animate(**pictures(3)))[0]
        with speaking("zh-CN"):
            assert "够做其中 2 段" in whispers(await stage.animate(**pictures(3)))[0]
        assert public(stage) == []
        assert await workshop.jobs.unfinished() == []
        await stage.animate(**pictures(2))
        assert len(await workshop.jobs.unfinished()) == 2


async def test_more_than_may_be_in_the_works_are_refused(stage: Stage) -> None:
    await stage.animate(**pictures(3))
    told = whispers(await stage.animate(**pictures(3)))[0]
    assert "You may have 5 clips in the works at once, and of these 3 only 2" in told
    assert len(await stage.workshop.jobs.unfinished()) == 3


async def test_the_picture_that_will_not_do_is_named(stage: Stage) -> None:
    wrong: dict[str, Any] = pictures(3) | {"picture_2": ("cat_1.png", b"no picture")}
    told = whispers(await stage.animate(**wrong))[0]
    assert "“cat\\_1.png”: That file is not a picture" in told
    assert "None of the clips was started" in told
    assert public(stage) == []
    assert await stage.workshop.jobs.unfinished() == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("_" * 1500 + ".png", "\\_…”: That file is not a picture"),
        ("discord.gg/x.png", "“discord.\u200bgg/x.png”"),
    ],
)
async def test_no_name_of_a_picture_keeps_its_person_from_being_told(
    stage: Stage, name: str, told: str
) -> None:
    wrong: dict[str, Any] = pictures(4) | {"picture_3": (name, b"no picture")}
    assert told in whispers(await stage.animate(**wrong))[0]
    assert await stage.workshop.jobs.unfinished() == []


class Burning(Jobs):
    """A book that nothing can be written into."""

    async def add(self, *new: Job) -> None:
        raise RuntimeError(f"{len(new)} jobs are in the fire")


async def test_what_was_promised_is_taken_back_where_the_order_fails(stage: Stage) -> None:
    workshop = stage.workshop
    workshop.studio.jobs = Burning(workshop.jobs._engine, workshop.catalogue)
    told = whispers(await stage.animate(**pictures(3)))[0]
    assert "Nothing was charged" in told
    assert public(stage) == []


async def test_a_clip_without_a_message_is_posted_when_it_is_there(stage: Stage) -> None:
    stage.env.inject_error("POST", "/webhooks/*", status=403, code=50001)
    await stage.animate(**pictures(2))
    assert len(public(stage)) == 1
    async with stage.workshop.working():
        await stage.clip(2)


async def test_clips_from_the_cache_are_free_among_the_others(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7, **pictures(1))
        await stage.clip()
        await stage.animate(seed=7, **pictures(2))
        await stage.clip(3)
        await until(stage.workshop.jobs_are_delivered)
    assert ["From the cache" in shown(clip) for clip in public(stage)] == [False, True, False]


@pytest.mark.parametrize(
    ("line", "made"),
    [("pictures: 1, 2, 3", (0, 1, 2)), ("pictures：3 1", (2, 0)), ("seed: 3", (0, 1, 2))],
)
async def test_the_pictures_of_a_message_are_animated_from_its_menu(
    stage: Stage, line: str, made: tuple[int, ...]
) -> None:
    form = await menu(stage, 3)
    assert form.modal["title"] == "Animate these pictures"
    assert form.modal["components"][-1]["component"]["value"].startswith(
        "pictures: 1, 2, 3\nframes"
    )
    await stage.alice.submit_modal(form, {"prompt": "wags", "numbers": line})
    keys = [await stage.workshop.blobs.put(data) for _, data in pictures(3).values()]
    waiting = [job.request.picture for job in await stage.workshop.jobs.waiting()]
    assert waiting == [keys[number] for number in made]


@pytest.mark.parametrize("chosen", ["4", "", "all", "0, 1", "1-3", "2 to 3"])
async def test_pictures_that_are_not_there_or_not_named_are_refused(
    stage: Stage, chosen: str
) -> None:
    result = await stage.alice.submit_modal(
        await menu(stage, 3), {"prompt": "wags", "numbers": f"pictures: {chosen}"}
    )
    assert "holds 3 pictures; name 1 to 3" in whispers(result)[0]
    assert await stage.workshop.jobs.unfinished() == []


async def menu(stage: Stage, count: int) -> Any:
    """Open the form for a message of so many pictures."""
    posted = await stage.bob.send(stage.channel, "look", attachments=list(pictures(count).values()))
    return await stage.alice.context_menu(stage.channel, "Animate this picture", posted)
