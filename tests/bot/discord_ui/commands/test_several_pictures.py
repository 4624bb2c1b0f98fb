"""Several pictures in one order: one clip and one message each, all or none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest

from storage.database.jobs import Jobs
from storage.domain.job import Job
from storage.domain.trust.limits import UNLIMITED, Limits
from tests.support.backend import Backend, png, until
from tests.support.discord.simulated_chat import (
    Chat,
    button_actions,
    ephemeral_texts,
    open_chat,
    text_of,
    user_locale,
)

COLOURS = ("red", "green", "blue", "white")


def pictures(count: int = 3) -> dict[str, tuple[str, bytes]]:
    """Return that many picture options."""
    names = ("picture", "picture_2", "picture_3", "picture_4")
    return {
        name: (f"{colour}.png", png(colour=colour))
        for name, colour in list(zip(names, COLOURS, strict=True))[:count]
    }


def public(chat: Chat) -> list[discord.Message]:
    """Return the public messages."""
    return [message for message in chat.messages if not message.flags.ephemeral]


async def jobs_of(chat: Chat) -> list[Job]:
    """Return the job of each public message."""
    found = []
    for message in public(chat):
        place = ("discord", str(message.channel.id), str(message.id))
        job = await chat.backend.jobs.search.by_message(*place)
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
        button_actions(clip) == ["again", "tweak", "extend", "details", "delete"]
        for clip in public(chat)
    )
    assert all(clip.content.startswith(chat.alice.mention) for clip in public(chat))
    made = [await chat.backend.blobs.get(job.request.picture) for job in await jobs_of(chat)]
    assert made == [data for _, data in pictures(4).values()]
    assert [order.request.picture for order in chat.backend.worker.orders] == [
        job.request.picture for job in await jobs_of(chat)
    ]


async def test_cancel_retry_and_delete_affect_one_clip_alone(chat: Chat) -> None:
    await chat.animate(**pictures(3))
    await until(lambda: [button_actions(card) for card in public(chat)] == [["cancel"]] * 3)
    first, second, third = public(chat)
    await chat.click(second, "cancel")
    await until(lambda: "Cancelled" in text_of(public(chat)[1]))
    assert len(await chat.backend.jobs.pending.all()) == 2
    async with chat.backend.running():
        await chat.wait_for_clip(2)
        await chat.click(public(chat)[2], "again", chat.bob)
        await chat.wait_for_clip(3)
    await chat.click(public(chat)[0], "delete")
    left = [message.id for message in public(chat)]
    assert (first.id in left, second.id in left, third.id in left) == (False, True, True)


async def test_other_peoples_orders_are_interleaved(chat: Chat) -> None:
    await chat.animate(**pictures(4))
    await chat.animate(chat.bob)
    line = [job.owner for job in await chat.backend.jobs.pending.next(9)]
    assert line.index(str(chat.bob.id)) == 1


async def test_an_order_is_refused_as_a_whole_and_the_affordable_number_named(
    backend: Backend,
) -> None:
    quota = replace(backend.catalogue.quota, credits_per_day=17)
    backend.jobs = backend.studio.orders.storage.jobs = backend.jobs_with_quota(quota)
    async with open_chat(backend) as chat:
        assert "enough for 2 of them" in ephemeral_texts(await chat.animate(**pictures(3)))[0]
        with user_locale("zh-CN"):
            assert "够做其中 2 段" in ephemeral_texts(await chat.animate(**pictures(3)))[0]
        damaged = {name: (file, data[:-200]) for name, (file, data) in pictures(3).items()}
        reply = ephemeral_texts(await chat.animate(**damaged))[0]
        assert "enough for 2 of them" in reply  # before one is decoded
        assert public(chat) == []
        assert await backend.jobs.pending.all() == []
        await chat.animate(**pictures(2))
        assert len(await backend.jobs.pending.all()) == 2


async def test_an_order_of_more_than_the_unfinished_limit_is_refused(chat: Chat) -> None:
    await chat.animate(**pictures(3))
    reply = ephemeral_texts(await chat.animate(**pictures(3)))[0]
    assert "You may have 5 clips in the works at once, and of these 3 only 2" in reply
    assert len(await chat.backend.jobs.pending.all()) == 3


async def test_the_picture_that_is_refused_is_named(chat: Chat) -> None:
    wrong: dict[str, Any] = pictures(3) | {"picture_2": ("cat_1.png", b"no picture")}
    reply = ephemeral_texts(await chat.animate(**wrong))[0]
    assert "“cat\\_1.png”: That file is not a picture" in reply
    assert "None of the clips was started" in reply
    assert public(chat) == []
    assert await chat.backend.jobs.pending.all() == []


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("_" * 1500 + ".png", "\\_…”: That file is not a picture"),
        ("discord.gg/x.png", "“discord.\u200bgg/x.png”"),
    ],
)
async def test_a_long_or_hostile_file_name_does_not_break_the_reply(
    chat: Chat, name: str, reply: str
) -> None:
    wrong: dict[str, Any] = pictures(4) | {"picture_3": (name, b"no picture")}
    assert reply in ephemeral_texts(await chat.animate(**wrong))[0]
    assert await chat.backend.jobs.pending.all() == []


class FailingJobs(Jobs):
    """Jobs whose insert fails."""

    async def add(self, *new: Job, begun_order: str = "", limits: Limits = UNLIMITED) -> None:
        raise RuntimeError(f"{len(new)} jobs of {begun_order!r} ({limits}) cannot be inserted")


async def test_the_messages_of_a_failed_order_are_deleted(chat: Chat) -> None:
    backend = chat.backend
    backend.studio.orders.storage.jobs = FailingJobs(backend.jobs._engine, backend.catalogue)
    reply = ephemeral_texts(await chat.animate(**pictures(3)))[0]
    assert "Nothing was charged" in reply
    assert public(chat) == []


async def test_a_clip_without_a_message_is_posted_at_its_end(chat: Chat) -> None:
    chat.env.inject_error("POST", "/webhooks/*", status=403, code=50001)
    await chat.animate(**pictures(2))
    assert len(public(chat)) == 1
    async with chat.backend.running():
        await chat.wait_for_clip(2)


async def test_cached_clips_of_an_order_are_free(chat: Chat) -> None:
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
async def test_the_pictures_of_a_message_are_selected_in_the_form(
    chat: Chat, line: str, made: tuple[int, ...]
) -> None:
    form = await menu(chat, 3)
    assert form.modal["title"] == "Animate these pictures"
    assert form.modal["components"][-1]["component"]["value"].startswith(
        "pictures: 1, 2, 3\nframes"
    )
    await chat.alice.submit_modal(form, {"prompt": "wags", "numbers": line})
    keys = [await chat.backend.blobs.put(data) for _, data in pictures(3).values()]
    waiting = [job.request.picture for job in await chat.backend.jobs.pending.next(9)]
    assert waiting == [keys[number] for number in made]


@pytest.mark.parametrize("chosen", ["4", "", "all", "0, 1", "1-3", "2 to 3"])
async def test_a_selection_that_matches_no_pictures_is_refused(chat: Chat, chosen: str) -> None:
    result = await chat.alice.submit_modal(
        await menu(chat, 3), {"prompt": "wags", "numbers": f"pictures: {chosen}"}
    )
    assert "holds 3 pictures; name 1 to 3" in ephemeral_texts(result)[0]
    assert await chat.backend.jobs.pending.all() == []


async def menu(chat: Chat, count: int) -> Any:
    """Open the context menu's form for a message with that many pictures."""
    posted = await chat.bob.send(chat.channel, "look", attachments=list(pictures(count).values()))
    return await chat.alice.context_menu(chat.channel, "Animate this picture", posted)
