"""The card of drafts has a button for each, and a press orders one of them in full."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.clip_messages import clip_of
from deploy.local.discord import Json
from tests.support.backend import Backend
from tests.support.discord.local_chat import LocalChat, open_local_chat


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


def numbered(message: Json) -> list[list[tuple[str, str, bool]]]:
    """Return the rows of numbered buttons: label, custom_id, and whether it has a star."""
    rows = [
        [
            (part["label"], part["custom_id"], (part.get("emoji") or {}).get("name") == "⭐")
            for part in row["components"]
            if part["custom_id"].startswith("choose:")
        ]
        for row in message["components"]
    ]
    return [row for row in rows if row]


async def drafts(chat: LocalChat, count: int) -> tuple[str, Json]:
    """Order so many drafts; return the message's id and its card."""
    message = await chat.order(prompt="steam rises", seed=7, candidates=count)
    await chat.deliver()
    return message, await chat.ada.message(message)


async def test_each_draft_has_a_numbered_button_five_in_a_row(chat: LocalChat) -> None:
    _, card = await drafts(chat, 8)
    rows = numbered(card)
    assert [len(row) for row in rows] == [5, 3]
    labels = [label for row in rows for label, _, _ in row]
    assert labels == list("12345678")
    assert [starred for row in rows for _, _, starred in row].count(True) == 1
    assert clip_of(card) is not None
    lines = card["content"].splitlines()
    assert lines[1].startswith("👇 Choose one by its number, and it is made in full for ")
    assert "1 Gentle drift ⭐ · 2 Zoom in · 3 Pan right" in lines[2]
    assert "seed 7 · " in card["content"]
    assert chat.refusals() == []


async def test_a_press_orders_that_draft_in_full_and_a_double_press_one_clip(
    chat: LocalChat,
) -> None:
    message, card = await drafts(chat, 3)
    button = numbered(card)[0][1][1]
    presses = [chat.ada.press(message, button) for _ in range(2)]
    answers = await asyncio.gather(*presses)
    assert sorted(answer["kind"] for answer in answers) == ["deferred", "deferred update"]
    await chat.deliver(2)
    assert await chat.ordered() == 2
    _, chosen = await chat.posted()
    assert "seed 8 · " in chosen["content"]
    assert "🎥 Zoom in" in chosen["content"]
    assert numbered(chosen) == []
    orders = chat.backend.worker.orders
    assert [order.request.candidates for order in orders] == [3, 1]
    charged = (await chat.backend.studio.reports.of_person(chat.ada.user_id)).credits
    assert charged == await cost(chat)


async def cost(chat: LocalChat) -> int:
    """Return what all jobs cost together."""
    found = [
        await chat.backend.studio.shown.at("discord", chat.ada.channel, message["id"])
        for message in await chat.posted()
    ]
    return sum(job.cost for job in found if job)


async def test_a_fetched_grid_can_be_chosen_from_too(chat: LocalChat) -> None:
    await drafts(chat, 2)
    shown = await chat.fetch_from_clips()
    row = numbered(shown)[0]
    assert [label for label, _, _ in row] == ["1", "2"]
    answer = await chat.ada.press(shown["id"], row[0][1])
    assert answer["kind"] == "deferred"
    await chat.deliver(2)
    assert await chat.ordered() == 2
