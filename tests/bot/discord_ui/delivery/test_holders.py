"""Of several bots, the holder of a job alone edits its message and delivers its outcome."""

from __future__ import annotations

import asyncio

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.studio.events import HeldJobsChanged, JobChanged
from storage.database.tables import jobs
from storage.domain.job import Job
from tests.support.backend import until
from tests.support.discord.simulated_chat import Chat, text_of

OTHER = "other"


async def hand_to_other(chat: Chat) -> None:
    """Let another bot hold all jobs."""
    async with chat.backend.jobs._write() as connection:
        await connection.execute(update(jobs).values(holder=OTHER))


async def only_job(chat: Chat) -> Job:
    """Return the one job that there is, ended or not."""
    async with chat.backend.jobs._read() as connection:
        name = await _only_id(connection)
    return await chat.backend.jobs.get(name)


async def _only_id(connection: AsyncConnection) -> str:
    return str((await connection.execute(select(jobs.c.id))).scalar_one())


async def test_a_job_of_another_bot_is_left_until_it_is_taken_over(chat: Chat) -> None:
    backend = chat.backend
    await chat.animate()
    await chat.wait_for_text("next")
    await hand_to_other(chat)
    waiting = text_of(chat.last_message)
    async with backend.running():
        await until(backend.all_jobs_ended)
        backend.events.publish(JobChanged(await only_job(chat)))
        await asyncio.sleep(0.3)  # nothing is to happen in it
    assert text_of(chat.last_message) == waiting
    assert chat.clips() == []
    assert [job.holder for job in await backend.jobs.search.undelivered()] == [OTHER]
    assert await backend.jobs.bots.adopt("", "discord") == 1
    backend.events.publish(HeldJobsChanged())
    await chat.wait_for_clip()
    await until(backend.all_jobs_delivered)
    assert len(chat.messages) == 1


async def test_a_waiting_job_that_is_taken_over_is_shown_on(chat: Chat) -> None:
    backend = chat.backend
    await chat.animate()
    await chat.wait_for_text("next")
    await hand_to_other(chat)
    backend.events.publish(HeldJobsChanged())
    waiting = text_of(chat.last_message)
    backend.worker.gate.clear()
    async with backend.running():
        await until(lambda: bool(backend.worker.orders))
        await backend.jobs.bots.adopt("", "discord")
        backend.events.publish(HeldJobsChanged())
        await until(lambda: text_of(chat.last_message) != waiting)
        assert "next in the queue" not in text_of(chat.last_message)
        backend.worker.gate.set()
        await chat.wait_for_clip()
        await until(backend.all_jobs_delivered)
    assert len(chat.messages) == 1
