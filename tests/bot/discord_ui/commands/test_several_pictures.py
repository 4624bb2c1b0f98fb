"""Several pictures in one order: a clip of each, all or none, each with a message of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest

from storage.database.jobs import Jobs
from storage.domain.job import Job
from tests.support.backend import Backend, png, until
from tests.support.simulated_chat import (
    Chat,
    button_actions,
    ephemeral_texts,
    open_chat,
    text_of,
    user_locale,
)

COLOURS = ("red", "green", "blue", "white")


def pictures(count: int = 3) -> dict[str, tuple[str, bytes]]:
    """Return the options of so many pictures."""
    names = ("picture", "picture_2", "picture_3", "picture_4")
    return {
        name: (f"{colour}.png", png(colour=colour))
        for name, colour in list(zip(names, COLOURS, strict=True))[:count]
    }


def public(chat: Chat) -> list[discord.Message]:
    """Return what everybody sees."""
    return [message for message in chat.messages if not message.flags.ephemeral]


async def jobs_of(chat: Chat) -> list[Job]:
    """Return the job of each message that everybody sees."""
    found = []
    for message in public(chat):
        place = ("discord", str(message.channel.id), str(message.id))
        job = await chat.backend.jobs.by_message(*place)
        assert job is not None
        found.append(job)
    return found


async def test_each_picture_becomes_a_clip_in_a_message_of_its_own(chat: Chat) -> None:
    async with chat.backend.running():
        result = await chat.animate(**pictures(4), seed=7)
        await chat.wait_for_clip(4)
        await until(chat.backend.all_jobs_delivered)
    assert public(chat)[0].id == result.response.id
    assert all(
        button_actions(clip) == ["again", "tweak", "details", "delete"] for clip in public(chat)
    )
    assert all(clip.content.startswith(chat.alice.mention) for clip in public(chat))
    made = [await chat.backend.blobs.get(job.request.picture) for job in await jobs_of(chat)]
    assert made == [data for _, data in pictures(4).values()]
    assert [order.request.picture for order in chat.backend.worker.orders] == [
        job.request.picture for job in await jobs_of(chat)
    ]


async def test_cancel_retry_and_delete_are_of_one_clip_alone(chat: Chat) -> None:
    await chat.animate(**pictures(3))
    await until(lambda: [button_actions(card) for card in public(chat)] == [["cancel"]] * 3)
    first, second, third = public(chat)
    await chat.click(second, "cancel")
    await until(lambda: "Cancelled" in text_of(public(chat)[1]))
    assert len(await chat.backend.jobs.unfinished()) == 2
    async with chat.backend.running():
        await chat.wait_for_clip(2)
        await chat.click(public(chat)[2], "again", chat.bob)
        await chat.wait_for_clip(3)
    await chat.click(public(chat)[0], "delete")
    left = [message.id for message in public(chat)]
    assert (first.id in left, second.id in left, third.id in left) == (False, True, True)


async def test_others_need_not_wait_for_all_of_them(chat: Chat) -> None:
    await chat.animate(**pictures(4))
    await chat.animate(chat.bob)
    line = [job.owner for job in await chat.backend.jobs.waiting()]
    assert line.index(str(chat.bob.id)) == 1


async def test_all_are_refused_where_not_all_can_be_paid_and_it_is_told_how_many(
    backend: Backend,
) -> None:
    quota = replace(backend.catalogue.quota, credits_per_day=12)
    backend.jobs = backend.studio._jobs = backend.jobs_with_quota(quota)
    async with open_chat(backend) as chat:
        assert "enough for 2 of them" in ephemeral_texts(await chat.animate(**pictures(3)))[0]
        with user_locale("zh-CN"):
            assert "够做其中 2 段" in ephemeral_texts(await chat.animate(**pictures(3)))[0]
        assert public(chat) == []
        assert await backend.jobs.unfinished() == []
        await chat.animate(**pictures(2))
        assert len(await backend.jobs.unfinished()) == 2


async def test_more_than_may_be_in_the_works_are_refused(chat: Chat) -> None:
    await chat.animate(**pictures(3))
    told = ephemeral_texts(await chat.animate(**pictures(3)))[0]
    assert "You may have 5 clips in the works at once, and of these 3 only 2" in told
    assert len(await chat.backend.jobs.unfinished()) == 3


async def test_the_picture_that_will_not_do_is_named(chat: Chat) -> None:
    wrong: dict[str, Any] = pictures(3) | {"picture_2": ("cat_1.png", b"no picture")}
    told = ephemeral_texts(await chat.animate(**wrong))[0]
    assert "“cat\\_1.png”: That file is not a picture" in told
    assert "None of the clips was started" in told
    assert public(chat) == []
    assert await chat.backend.jobs.unfinished() == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("_" * 1500 + ".png", "\\_…”: That file is not a picture"),
        ("discord.gg/x.png", "“discord.\u200bgg/x.png”"),
    ],
)
async def test_no_name_of_a_picture_keeps_its_person_from_being_told(
    chat: Chat, name: str, told: str
) -> None:
    wrong: dict[str, Any] = pictures(4) | {"picture_3": (name, b"no picture")}
    assert told in ephemeral_texts(await chat.animate(**wrong))[0]
    assert await chat.backend.jobs.unfinished() == []


class Burning(Jobs):
    """A table of jobs that nothing can be written into."""

    async def add(self, *new: Job) -> None:
        raise RuntimeError(f"{len(new)} jobs are in the fire")


async def test_what_was_promised_is_taken_back_where_the_order_fails(chat: Chat) -> None:
    backend = chat.backend
    backend.studio._jobs = Burning(backend.jobs._engine, backend.catalogue)
    told = ephemeral_texts(await chat.animate(**pictures(3)))[0]
    assert "Nothing was charged" in told
    assert public(chat) == []


async def test_a_clip_without_a_message_is_posted_when_it_is_there(chat: Chat) -> None:
    chat.env.inject_error("POST", "/webhooks/*", status=403, code=50001)
    await chat.animate(**pictures(2))
    assert len(public(chat)) == 1
    async with chat.backend.running():
        await chat.wait_for_clip(2)


async def test_clips_from_the_cache_are_free_among_the_others(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7, **pictures(1))
        await chat.wait_for_clip()
        await chat.animate(seed=7, **pictures(2))
        await chat.wait_for_clip(3)
        await until(chat.backend.all_jobs_delivered)
    assert ["From the cache" in text_of(clip) for clip in public(chat)] == [False, True, False]


@pytest.mark.parametrize(
    ("line", "made"),
    [("pictures: 1, 2, 3", (0, 1, 2)), ("pictures：3 1", (2, 0)), ("seed: 3", (0, 1, 2))],
)
async def test_the_pictures_of_a_message_are_animated_from_its_menu(
    chat: Chat, line: str, made: tuple[int, ...]
) -> None:
    form = await menu(chat, 3)
    assert form.modal["title"] == "Animate these pictures"
    assert form.modal["components"][-1]["component"]["value"].startswith(
        "pictures: 1, 2, 3\nframes"
    )
    await chat.alice.submit_modal(form, {"prompt": "wags", "numbers": line})
    keys = [await chat.backend.blobs.put(data) for _, data in pictures(3).values()]
    waiting = [job.request.picture for job in await chat.backend.jobs.waiting()]
    assert waiting == [keys[number] for number in made]


@pytest.mark.parametrize("chosen", ["4", "", "all", "0, 1", "1-3", "2 to 3"])
async def test_pictures_that_are_not_there_or_not_named_are_refused(
    chat: Chat, chosen: str
) -> None:
    result = await chat.alice.submit_modal(
        await menu(chat, 3), {"prompt": "wags", "numbers": f"pictures: {chosen}"}
    )
    assert "holds 3 pictures; name 1 to 3" in ephemeral_texts(result)[0]
    assert await chat.backend.jobs.unfinished() == []


async def menu(chat: Chat, count: int) -> Any:
    """Open the form for a message of so many pictures."""
    posted = await chat.bob.send(chat.channel, "look", attachments=list(pictures(count).values()))
    return await chat.alice.context_menu(chat.channel, "Animate this picture", posted)
