"""The client finishes what it has begun before it closes, and begins nothing more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.discord_ui import client
from bot.discord_ui.client import MutoscopeClient
from deploy.local.discord import Json
from tests.support.backend import Backend, png
from tests.support.discord.local_chat import open_local_chat


async def test_a_command_that_comes_while_the_client_closes_is_left_to_another_bot(
    backend: Backend, tmp_path: Path
) -> None:
    outcomes: list[Json] = []
    async with open_local_chat(backend, tmp_path) as chat:
        picture = await chat.ada.upload("a.png", png())

        async def order() -> None:
            outcome = await chat.ada.command("animate", picture=picture, prompt="waves")
            outcomes.append(outcome)

        chat.client.before_close.insert(0, order)
        await chat.client.close()
    assert [outcome["kind"] for outcome in outcomes] == ["failed"]
    assert await backend.jobs.pending.all() == []
    assert await backend.jobs.begun_orders.all("discord") == []


async def test_what_is_being_answered_ends_before_the_client_closes(
    backend: Backend, tmp_path: Path
) -> None:
    began, goes_on = asyncio.Event(), asyncio.Event()
    closed: list[bool] = []

    async def answer(client: MutoscopeClient, _: object) -> None:
        began.set()
        await goes_on.wait()
        for _ in range(1000):
            await asyncio.sleep(0)
        closed.append(client.is_closed())

    async def go_on() -> None:
        goes_on.set()

    async with open_local_chat(backend, tmp_path) as chat:
        chat.client.reactions["🐢"] = answer
        await chat.ada.react(await chat.order(), "🐢")
        await began.wait()
        chat.client.before_close.append(go_on)
        await chat.client.close()
    assert closed == [False]


async def test_an_answer_that_does_not_end_is_cancelled_before_the_client_closes(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.0)
    began = asyncio.Event()
    closed: list[bool] = []

    async def answer(client: MutoscopeClient, _: object) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(client.is_closed())

    async with open_local_chat(backend, tmp_path) as chat:
        chat.client.reactions["🐢"] = answer
        await chat.ada.react(await chat.order(), "🐢")
        await began.wait()
        await chat.client.close()
    assert closed == [False]
