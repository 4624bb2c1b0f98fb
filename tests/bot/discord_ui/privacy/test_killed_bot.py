"""A bot that is killed while it forgets a person goes on with it at its next start."""

from __future__ import annotations

import asyncio

import pytest

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord.member.client import MemberApiError
from deploy.local.discord.state.guild import ADA
from tests.bot.discord_ui.test_crash_points import CrashRun, begin, count_from_now, run
from tests.support.backend import until
from tests.support.privacy.traces import in_files, in_tables

__all__ = ["run"]


@pytest.mark.parametrize("number", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 9))])
async def test_a_killed_bot_goes_on_forgetting(run: CrashRun, number: int) -> None:
    backend = run.backend
    async with run.bot(number) as process:
        await begin(run, "animate", None)
        clip = next(message for message in await run.finished(1) if clip_of(message))
        outcome = await run.member.command("forget-me")
        question = await run.member.wait_for_message(outcome["message"], buttons_of)
        await count_from_now(process)
        await run.member.press(question["id"], buttons_of(question)["forget-me"])
        await asyncio.wait_for(process.process.wait(), 60)
    assert await run.member.message(clip["id"])

    async def is_gone() -> bool:
        try:
            await run.member.message(clip["id"])
        except MemberApiError:
            return not await in_tables(backend.settings, [ADA.encode(), b"zoom in"])
        return False

    async with run.bot():
        await until(is_gone)
    assert in_files(backend.settings.mutoscope_home / "blobs", [b""]) == []
