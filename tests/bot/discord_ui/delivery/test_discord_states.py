"""Whatever became of the place meanwhile, a clip reaches its person, or waits in /clips."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from bot.discord_ui.own_messages import find_own_message
from deploy.local.clip_messages import buttons_of
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import ADA, SAM
from storage.domain.clip import Failure
from storage.domain.errors import Unavailable
from storage.domain.job import Job, ReplyTarget
from tests.support.backend import Backend, png, until
from tests.support.clip_files import box
from tests.support.discord.local_chat import LocalChat, open_local_chat

TOKEN_LIFE = 15 * 60
MIB = 2**20


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


async def test_a_thread_that_was_archived_meanwhile_gets_a_post(chat: LocalChat) -> None:
    thread = await chat.open_thread()
    waiting = await chat.order()
    await chat.change(f"threads/{thread}", archived=True)
    await chat.deliver()
    [clip] = await chat.posted()
    assert clip["id"] != waiting
    assert [user["id"] for user in clip["mentions"]] == [ADA]
    channels = (await chat.ada.state())["channels"]
    [now] = [one for one in channels if one["id"] == thread]
    assert not now["thread_metadata"]["archived"]
    assert set(chat.refusals()) == {("PATCH", "webhooks", 50083), ("PATCH", "channels", 50083)}
    assert len(chat.refusals()) == 2


async def test_a_clip_that_is_posted_while_its_order_is_deleted_goes_with_it(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, posted = chat.backend.studio, []
    thread, move = await chat.open_thread(), studio.shown.move
    await chat.order()
    await chat.change(f"threads/{thread}", archived=True)

    async def late(job: Job, place: ReplyTarget) -> None:
        posted.append(place.message)
        await studio.delete(job.id, None)
        await move(job, place)

    monkeypatch.setattr(studio.shown, "move", late)
    async with chat.backend.running():
        await until(lambda: bool(posted))
        await chat.ada.wait_until_deleted(posted[0])
    assert len(posted) == 1


async def test_a_clip_for_a_locked_thread_is_sent_directly(chat: LocalChat) -> None:
    thread = await chat.open_thread()
    await chat.order()
    await chat.change(f"threads/{thread}", archived=True, locked=True)
    await chat.deliver()
    assert await chat.clips() == []
    assert len(await chat.clips(chat.direct)) == 1
    assert ("POST", "channels", 160005) in chat.refusals()
    assert len(chat.refusals()) == 3


async def test_a_clip_that_automod_blocks_is_sent_directly(chat: LocalChat) -> None:
    await chat.order(prompt="a rude word, zoom in")
    await chat.change("guilds/main", automod_words=["rude"])
    await chat.deliver()
    assert await chat.clips() == []
    assert len(await chat.clips(chat.direct)) == 1
    assert {code for _, _, code in chat.refusals()} == {200000}
    assert len(chat.refusals()) == 3


async def test_an_order_that_automod_blocks_from_the_start_leaves_no_answer_open(
    chat: LocalChat,
) -> None:
    await chat.change("guilds/main", automod_words=["rude"])
    picture = await chat.ada.upload("a.png", png())
    await chat.ada.command("animate", picture=picture, prompt="a rude word, zoom in")
    await chat.deliver()
    assert await chat.posted() == []
    assert len(await chat.clips(chat.direct)) == 1
    assert len(chat.refusals()) == 3


async def test_a_blocked_clip_waits_in_clips_and_is_fetched_there(chat: LocalChat) -> None:
    await chat.change(f"members/{ADA}", takes_direct=False)
    await chat.order(prompt="a rude word, zoom in")
    await chat.change("guilds/main", automod_words=["rude"])
    await chat.deliver()
    assert await chat.clips() + await chat.clips(chat.direct) == []
    assert await chat.waiting_in_clips() == 1
    await chat.fetch_from_clips()

    async def is_fetched() -> bool:
        return await chat.waiting_in_clips() == 0

    await until(is_fetched)


async def test_a_kicked_bot_edits_while_the_token_lives(chat: LocalChat) -> None:
    waiting = await chat.order()
    await chat.change("guilds/main", installed=False)
    await chat.deliver()
    assert [clip["id"] for clip in await chat.clips()] == [waiting]


async def test_a_kicked_bot_keeps_the_clip_after_that(chat: LocalChat) -> None:
    await chat.order()
    await chat.change("guilds/main", installed=False)
    chat.server.clock.advance(TOKEN_LIFE)
    await chat.deliver()
    assert await chat.waiting_in_clips() == 1
    assert len(chat.refusals()) == 4
    await chat.change("guilds/main", installed=True)
    await chat.ada.wait_for_command("animate")
    await chat.fetch_from_clips()


@pytest.mark.parametrize("denied", [Permission.SEND_MESSAGES, Permission.VIEW_CHANNEL])
async def test_a_lost_permission_leads_to_a_direct_message(
    chat: LocalChat, denied: Permission
) -> None:
    await chat.order()
    chat.server.clock.advance(TOKEN_LIFE)
    await chat.forbid(denied)
    await chat.deliver()
    assert await chat.clips() == []
    assert len(await chat.clips(chat.direct)) == 1
    assert len(chat.refusals()) <= 3


async def test_a_bot_in_time_out_sends_directly(chat: LocalChat) -> None:
    await chat.order()
    chat.server.clock.advance(TOKEN_LIFE)
    await chat.change("members/bot", timed_out=3600)
    await chat.deliver()
    assert len(await chat.clips(chat.direct)) == 1


@pytest.mark.usefixtures("short_pauses")
async def test_an_outage_of_the_server_is_waited_for(chat: LocalChat) -> None:
    waiting = await chat.order()
    chat.server.clock.advance(TOKEN_LIFE)
    await chat.change("guilds/main", outage=True)
    async with chat.backend.running():
        await until(chat.backend.all_jobs_ended)
        await until(lambda: len(chat.refusals()) >= 1)
        await chat.change("guilds/main", outage=False)
        await until(chat.backend.all_jobs_delivered)
    assert [clip["id"] for clip in await chat.clips()] == [waiting]


async def test_a_message_of_over_an_hour_is_not_edited(chat: LocalChat) -> None:
    await chat.change("world", old_message_edits=0)
    waiting = await chat.order()
    chat.server.clock.advance(3700)
    await chat.deliver()
    [clip] = await chat.posted()
    assert clip["id"] != waiting
    assert [user["id"] for user in clip["mentions"]] == [ADA]
    assert chat.refusals() == []


async def test_a_ping_that_may_not_be_sent_holds_nothing_up(
    backend: Backend, tmp_path: Path
) -> None:
    async with open_local_chat(backend, tmp_path, ping_after=-1.0) as chat:
        chat.backend.worker.failure = Failure("failed_encoding")
        waiting = await chat.order()
        await chat.forbid(Permission.SEND_MESSAGES)
        await chat.deliver()
        assert [message["id"] for message in await chat.posted()] == [waiting]
        assert chat.refusals() == [("POST", "channels", 50013)]


async def test_a_clip_that_only_its_owners_nitro_allows_is_fetched(chat: LocalChat) -> None:
    await chat.change(f"members/{ADA}", premium_type=2)
    chat.backend.worker.mp4 += box(b"free", bytes(11 * MIB))
    await chat.order()
    chat.server.clock.advance(TOKEN_LIFE)
    await chat.deliver()
    [message] = await chat.posted()
    assert "larger than this place allows" in message["content"]
    assert list(buttons_of(message)) == ["again", "tweak", "details", "delete"]
    assert (await chat.backend.studio.reports.of_person(ADA)).credits == 0
    await chat.fetch_from_clips()


async def test_a_second_server_has_its_own_limit(chat: LocalChat) -> None:
    guild = await chat.ada.call("POST", "/local/guilds", {"name": "Second", "owner": SAM})
    await chat.change(f"guilds/{guild['id']}", premium_tier=2)
    chat.backend.worker.mp4 += box(b"free", bytes(11 * MIB))
    chat.ada.channel = guild["channel"]
    waiting = await chat.order()
    chat.server.clock.advance(TOKEN_LIFE)
    await chat.deliver()
    assert [clip["id"] for clip in await chat.clips()] == [waiting]


async def test_a_person_who_installed_the_app_gets_the_clip_without_the_bot(
    chat: LocalChat,
) -> None:
    body = {"name": "Elsewhere", "owner": SAM, "installed": False}
    guild = await chat.ada.call("POST", "/local/guilds", body)
    await chat.change(f"members/{ADA}", user_install=True)
    chat.ada.channel = guild["channel"]
    await chat.forbid(Permission.USE_EXTERNAL_APPS, ADA)
    waiting = await chat.order()
    await chat.deliver()
    [clip] = await chat.clips()
    assert clip["id"] == waiting
    assert clip["flags"] & 64
    await chat.order(prompt="another, zoom in")
    chat.server.clock.advance(TOKEN_LIFE)
    await chat.deliver(2)
    assert len(await chat.clips(chat.direct)) == 1


async def test_a_retry_after_days_needs_no_expired_url(chat: LocalChat) -> None:
    waiting = await chat.order()
    await chat.deliver()
    chat.server.clock.advance(3 * 24 * 3600)
    message = await chat.ada.message(waiting)
    await chat.ada.press(waiting, buttons_of(message)["again"])
    await chat.deliver(2)
    assert len(await chat.clips()) == 2


async def test_many_orders_in_one_channel_break_no_rate_limit(chat: LocalChat) -> None:
    for seed in range(5):
        await chat.order(seed=seed)
    await chat.deliver(5)
    assert len(await chat.clips()) == 5
    assert chat.refusals() == []


async def test_without_the_history_a_ping_is_no_reply(backend: Backend, tmp_path: Path) -> None:
    async with open_local_chat(backend, tmp_path, ping_after=-1.0) as chat:
        await chat.order()
        await chat.forbid(Permission.READ_MESSAGE_HISTORY)
        await chat.deliver()
        _, ping = await chat.posted()
    assert ping["content"] == f"<@{ADA}> your clip is ready."
    assert "message_reference" not in ping
    assert chat.refusals() == [("POST", "channels", 160002)]


async def test_without_the_history_a_reaction_is_answered_beside_the_clip(
    chat: LocalChat,
) -> None:
    clip = await chat.order()
    await chat.deliver()
    await chat.forbid(Permission.READ_MESSAGE_HISTORY)
    await chat.ada.react(clip, "🔁")
    await chat.deliver(2)
    assert len(await chat.clips()) == 2


async def test_a_history_that_may_not_be_read_is_not_taken_for_an_empty_one(
    chat: LocalChat,
) -> None:
    channel = chat.client.get_partial_messageable(int(chat.ada.channel))
    assert await find_own_message(chat.client, channel, time.time(), lambda _: True) is None
    await chat.forbid(Permission.READ_MESSAGE_HISTORY)
    with pytest.raises(discord.Forbidden):
        await find_own_message(chat.client, channel, time.time(), lambda _: True)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.usefixtures("short_pauses")
async def test_a_post_after_which_the_database_fails_is_found_beside_the_older_message(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch, recorded: bool
) -> None:
    studio = chat.backend.studio
    moved, move = [], studio.shown.move

    async def fail_first(job: Job, place: ReplyTarget) -> None:
        moved.append(place.message)
        if recorded or len(moved) > 1:
            await move(job, place)
        if len(moved) == 1:
            raise Unavailable("unavailable_database")

    monkeypatch.setattr(studio.shown, "move", fail_first)
    thread = await chat.open_thread()
    waiting = await chat.order()
    await chat.change(f"threads/{thread}", archived=True)
    await chat.deliver()
    [clip] = await chat.clips()
    assert clip["id"] != waiting
    assert set(moved) == {clip["id"]}


@pytest.mark.usefixtures("short_pauses")
async def test_an_edit_that_was_not_recorded_is_found_though_its_way_is_closed_since(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = chat.backend.studio
    tries, delivered = [], studio.shown.delivered
    thread = await chat.open_thread()

    async def fail_first(job: str, message: str = "", **options: bool) -> None:
        tries.append(message)
        if len(tries) == 1:
            await chat.change(f"threads/{thread}", archived=True)
            raise Unavailable("unavailable_database")
        await delivered(job, message, **options)

    monkeypatch.setattr(studio.shown, "delivered", fail_first)
    waiting = await chat.order()
    await chat.deliver()
    assert [clip["id"] for clip in await chat.clips()] == [waiting] == tries[1:]


@pytest.mark.parametrize("way", ["post", "edit"])
async def test_a_card_without_its_clip_that_was_not_recorded_costs_nothing(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    studio = chat.backend.studio
    tries, delivered = [], studio.shown.delivered
    thread = await chat.open_thread()

    async def fail_first(job: str, message: str = "", **options: bool) -> None:
        tries.append(message)
        if len(tries) == 1:
            if way == "edit":
                await chat.change(f"threads/{thread}", archived=True)
            raise Unavailable("unavailable_database")
        await delivered(job, message, **options)

    monkeypatch.setattr(studio.shown, "delivered", fail_first)
    await chat.change(f"members/{ADA}", premium_type=2)
    chat.backend.worker.mp4 += box(b"free", bytes(11 * MIB))
    await chat.order()
    chat.server.clock.advance(TOKEN_LIFE)
    if way == "post":
        await chat.change(f"threads/{thread}", archived=True)
    await chat.deliver()
    [message] = await chat.posted()
    assert "Nothing was charged" in message["content"]
    assert len(tries) == 2
    assert (await studio.reports.of_person(ADA)).credits == 0


async def test_an_outcome_is_posted_though_the_first_message_was_posted_just_before(
    chat: LocalChat,
) -> None:
    clip = await chat.order()
    await chat.deliver()
    await chat.ada.react(clip, "🔁")

    async def is_posted() -> bool:
        return len(await chat.posted()) == 2

    await until(is_posted)
    blocked = {"method": "PATCH", "path": "/messages/", "status": 400, "code": 200000}
    await chat.ada.call("POST", "/local/faults", {**blocked, "times": 100})
    await chat.deliver(2)
    assert len(await chat.clips()) == 2


async def test_an_order_whose_acknowledgement_was_lost_on_its_way_back_is_placed(
    chat: LocalChat,
) -> None:
    lost = {"method": "POST", "path": "/callback$", "status": 0, "handled": True}
    await chat.ada.call("POST", "/local/faults", lost)
    waiting = await chat.order()
    await chat.deliver()
    assert [clip["id"] for clip in await chat.clips()] == [waiting]
