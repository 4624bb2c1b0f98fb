"""What is gone from Discord is deleted after a grace time, and what is back in time is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.discord_ui.privacy import departures as departures_module
from bot.discord_ui.privacy.departures import DepartureEvents, Departures
from bot.studio.privacy.departing import Departing
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import ADA, GUILD, LIN
from storage.database.tables import departures
from storage.domain.errors import JobGone, Unavailable
from storage.domain.job import Job, Status
from storage.domain.privacy.departure import DepartureKind
from storage.domain.quota import DAY
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.policy import ServerPolicy
from tests.support.backend import Backend, until
from tests.support.discord.local_chat import LocalChat, open_local_chat
from tests.support.examples import CLIP, JOB


class Later:
    """The clock of what is due, which a test turns forward."""

    def __init__(self) -> None:
        self.days = 0.0

    def __call__(self) -> float:
        return time.time() + self.days * DAY


@pytest.fixture
def later(backend: Backend) -> Later:
    clock, privacy = Later(), backend.studio.privacy
    table, delete = backend.jobs.privacy.departures, privacy.departing._delete
    privacy.departing = Departing(table, delete, 7.0, clock)
    return clock


@pytest.fixture
async def chat(later: Later, backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


async def made(chat: LocalChat) -> Job:
    """Order a clip and have it delivered; return its job."""
    message = await chat.order()
    await chat.deliver()
    job = await chat.backend.studio.shown.at("discord", chat.ada.channel, message)
    assert job is not None
    return job


async def noted(backend: Backend) -> set[str]:
    """Return the kinds of what is known to be gone."""
    async with backend.jobs._read() as connection:
        return set(await connection.scalars(select(departures.c.kind)))


async def wait_for_note(backend: Backend, kind: DepartureKind) -> None:
    async def is_noted() -> bool:
        return kind in await noted(backend)

    await until(is_noted)


async def is_kept(backend: Backend, job: Job) -> bool:
    try:
        await backend.jobs.get(job.id)
    except JobGone:
        return False
    return True


async def assert_goes_after_grace(chat: LocalChat, later: Later, job: Job) -> None:
    """Compare what is kept shortly before the end of the grace time, and after it."""
    backend, watch = chat.backend, Departures(chat.client)
    later.days = 6.9
    await watch.delete_due()
    assert await is_kept(backend, job)
    later.days = 7.1
    await watch.delete_due()
    assert not await is_kept(backend, job)
    assert job.clip is not None
    assert not await backend.blobs.has(job.clip.blob)
    await watch.delete_due()
    assert await noted(backend) == set()


async def test_a_deleted_message_takes_its_clip_with_it(chat: LocalChat, later: Later) -> None:
    job = await made(chat)
    await chat.ada.call("DELETE", f"/local/messages/{job.reply_to.message}")
    await wait_for_note(chat.backend, DepartureKind.MESSAGE)
    await assert_goes_after_grace(chat, later, job)


async def rename(backend: Backend, old: str, new: str) -> None:
    async with backend.jobs._write() as connection:
        await connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


async def test_what_is_deleted_while_the_database_is_away_is_noted_once_it_is_back(
    chat: LocalChat, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, tried = await made(chat), asyncio.Event()
    departing = chat.backend.studio.privacy.departing
    note_messages = departing.note_messages

    async def note(front: str, channel: str, messages: Collection[str]) -> None:
        try:
            await note_messages(front, channel, messages)
        except Unavailable:
            tried.set()
            raise

    monkeypatch.setattr(departing, "note_messages", note)
    monkeypatch.setattr(departures_module, "RETRY_INTERVAL", 0.01)
    await rename(chat.backend, "departures", "away")
    await chat.ada.call("DELETE", f"/local/messages/{job.reply_to.message}")
    await until(tried.is_set)
    await rename(chat.backend, "away", "departures")
    await wait_for_note(chat.backend, DepartureKind.MESSAGE)
    await assert_goes_after_grace(chat, later, job)


async def test_what_cannot_be_noted_does_not_keep_the_bot_from_ending(
    chat: LocalChat, caplog: pytest.LogCaptureFixture
) -> None:
    events = DepartureEvents(chat.client)
    await rename(chat.backend, "departures", "away")
    await events._note(partial(events._departing.note, DepartureKind.CHANNEL, "1"))
    await events.finish()
    assert "1 that are gone could not be noted" in caplog.text


async def test_messages_that_are_deleted_at_once_do_too(chat: LocalChat, later: Later) -> None:
    job = await made(chat)
    other = await chat.ada.post("nothing of the bot's")
    path = f"/local/channels/{chat.ada.channel}/purge"
    await chat.ada.call("POST", path, {"messages": [job.reply_to.message, other["id"]]})
    await wait_for_note(chat.backend, DepartureKind.MESSAGE)
    await assert_goes_after_grace(chat, later, job)


async def test_other_messages_are_no_concern(chat: LocalChat) -> None:
    job = await made(chat)
    other = await chat.ada.post("nothing of the bot's")
    await chat.ada.call("DELETE", f"/local/messages/{other['id']}")
    await chat.ada.call("DELETE", f"/local/messages/{job.reply_to.message}")
    await wait_for_note(chat.backend, DepartureKind.MESSAGE)
    assert len(await chat.backend.studio.privacy.departing._table.due(1e12)) == 1


@pytest.mark.parametrize("thread", [False, True])
async def test_a_deleted_channel_or_thread_takes_its_clips_with_it(
    chat: LocalChat, later: Later, thread: bool
) -> None:
    if thread:
        await chat.open_thread()
    job = await made(chat)
    await chat.ada.call("DELETE", f"/local/channels/{chat.ada.channel}")
    await wait_for_note(chat.backend, DepartureKind.CHANNEL)
    await assert_goes_after_grace(chat, later, job)


async def test_who_left_is_noticed_by_asking_and_back_in_time_keeps_all(
    chat: LocalChat, later: Later
) -> None:
    job, watch = await made(chat), Departures(chat.client)
    await watch.ask_for_members(0.0)
    assert await noted(chat.backend) == set()
    await chat.change(f"members/{ADA}", left=True)
    await watch.ask_for_members(0.0)
    await watch.ask_for_members(0.0)
    assert await noted(chat.backend) == {DepartureKind.MEMBER}
    await chat.change(f"members/{ADA}", left=False)
    later.days = 8
    await watch.delete_due()
    assert await noted(chat.backend) == set()
    assert await is_kept(chat.backend, job)
    await chat.change(f"members/{ADA}", left=True)
    await watch.ask_for_members(0.0)
    later.days = 16
    await watch.delete_due()
    assert not await is_kept(chat.backend, job)


async def test_the_gateway_tells_who_left_where_the_intent_is_allowed(
    later: Later, backend: Backend, tmp_path: Path
) -> None:
    async with open_local_chat(backend, tmp_path, hears_members=True) as chat:
        await chat.change(f"members/{LIN}", left=True)
        await wait_for_note(backend, DepartureKind.MEMBER)


async def test_a_server_without_the_bot_goes_with_its_settings(
    chat: LocalChat, later: Later
) -> None:
    job = await made(chat)

    def three_days(_: ServerPolicy) -> ServerPolicy:
        return ServerPolicy(retention_days=3)

    await chat.backend.jobs.servers.change(AuditEntry(GUILD, "9", "settings"), three_days, 1.0)
    await chat.change("guilds/main", outage=True)
    await chat.change("guilds/main", outage=False)
    assert await noted(chat.backend) == set()
    await chat.change("guilds/main", installed=False)
    await wait_for_note(chat.backend, DepartureKind.GUILD)
    await assert_goes_after_grace(chat, later, job)
    assert await chat.backend.jobs.servers.policy(GUILD) == ServerPolicy()
    assert await chat.backend.jobs.audit.page(GUILD, 9) == []


async def test_a_server_that_takes_the_bot_back_in_time_keeps_all(
    chat: LocalChat, later: Later
) -> None:
    job = await made(chat)
    await chat.change("guilds/main", installed=False)
    await wait_for_note(chat.backend, DepartureKind.GUILD)
    await chat.change("guilds/main", installed=True)

    async def is_back() -> bool:
        return await noted(chat.backend) == set()

    await until(is_back)
    later.days = 8
    await Departures(chat.client).delete_due()
    assert await is_kept(chat.backend, job)


async def test_a_server_that_removed_the_bot_while_it_was_away_is_noticed(
    later: Later, backend: Backend, tmp_path: Path
) -> None:
    table = backend.jobs.privacy.departures
    await table.see_guilds(["1234", GUILD])
    async with open_local_chat(backend, tmp_path):
        await wait_for_note(backend, DepartureKind.GUILD)
    [gone] = await table.due(1e12)
    assert gone.name == "1234"


async def test_what_is_not_delivered_yet_is_waited_for(chat: LocalChat, later: Later) -> None:
    message = await chat.order()
    await chat.forbid(Permission.SEND_MESSAGES)
    departing = chat.backend.studio.privacy.departing
    await departing.note(DepartureKind.CHANNEL, chat.ada.channel)
    later.days = 8
    await Departures(chat.client).delete_due()
    job = await chat.backend.studio.shown.at("discord", chat.ada.channel, message)
    assert job is not None
    assert await noted(chat.backend) == {DepartureKind.CHANNEL}
    assert await departing.due() == []


async def test_where_discord_does_not_say_who_is_a_member_nothing_is_deleted(
    chat: LocalChat, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, watch = await made(chat), Departures(chat.client)
    departing = chat.backend.studio.privacy.departing
    await departing.note(DepartureKind.MEMBER, ADA, GUILD)
    await departing.note(DepartureKind.MEMBER, LIN, "1234")  # of whom there is nothing
    later.days = 8

    async def unknown(*_: object) -> None:
        """Answer as for a server that Discord hides."""

    with monkeypatch.context() as patched:
        patched.setattr(watch, "_is_member", unknown)
        await watch.delete_due()
    assert await is_kept(chat.backend, job)
    [left] = await departing._table.due(1e12)
    assert (left.name, await departing.due()) == (ADA, [])
    later.days = 9
    await watch.delete_due()
    assert await noted(chat.backend) == set()
    assert await is_kept(chat.backend, job)


async def test_one_bot_asks_and_pauses_after_everybody(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):  # in a server that the bot does not know
        done = replace(JOB, id=f"{number:016x}", owner=f"{number}", cached=True, cost=0)
        await chat.backend.jobs.add(replace(done, status=Status.DONE, clip=CLIP, delivered=1.0))
    watch, begun = Departures(chat.client), time.monotonic()
    assert await watch.ask_for_members(0.05)
    assert time.monotonic() - begun >= 3 * 0.05
    monkeypatch.setattr(chat.backend.studio, "is_first", lambda: False)
    assert not await watch.ask_for_members(0.05)


async def test_a_round_of_questions_goes_on_with_the_server_at_which_it_stopped(
    chat: LocalChat,
) -> None:
    await made(chat)
    await chat.change(f"members/{ADA}", left=True)
    watch = Departures(chat.client)
    await chat.backend.studio.privacy.departing.keep_asked_guild(GUILD + "0")
    assert await watch.ask_for_members(0.0)
    assert await noted(chat.backend) == set()
    await chat.backend.studio.privacy.departing.keep_asked_guild(GUILD)
    assert await watch.ask_for_members(0.0)
    assert await noted(chat.backend) == {DepartureKind.MEMBER}
