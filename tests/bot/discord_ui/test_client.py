"""The client finishes what it has begun before it closes, and begins nothing more."""

from __future__ import annotations

from pathlib import Path

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
