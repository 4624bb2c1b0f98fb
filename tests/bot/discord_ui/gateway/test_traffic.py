"""What the metrics page says about Discord: its limits, and how outcomes reach people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.health import Readiness
from bot.metrics import BotMetrics
from deploy.local.discord.state.guild import ADA
from tests.support.backend import Backend, until
from tests.support.discord.local_chat import LocalChat, open_local_chat
from tests.support.prometheus import samples, scrape


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


async def page(chat: LocalChat) -> dict[str, float]:
    """Return the samples of the bot's metrics page."""
    backend, traffic = chat.backend, chat.client.traffic
    metrics = BotMetrics(*(backend.jobs, backend.queue, set(), backend.scaling()), traffic=traffic)
    serve_readiness = Readiness(backend.jobs, backend.queue, lambda: True).serve
    runner = await metrics.serve(0, serve_readiness)
    try:
        return samples(await scrape(f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"))
    finally:
        await runner.cleanup()


async def delivered(chat: LocalChat) -> dict[str, float]:
    """Return the number of outcomes by their way, without those by which there was none."""
    head = "mutoscope_deliveries_total{way="
    found = {name: value for name, value in (await page(chat)).items() if name.startswith(head)}
    assert len(found) == 6
    return {name[len(head) : -1]: value for name, value in found.items() if value}


async def test_outcomes_are_counted_by_the_way_that_they_went(chat: LocalChat) -> None:
    await chat.order()
    await chat.deliver()
    await until(lambda: sum(chat.client.traffic.delivered.values()) == 1)
    assert await delivered(chat) == {"token": 1}
    await chat.order(prompt="a rude word, zoom in")
    await chat.change("guilds/main", automod_words=["rude"])
    await chat.deliver(2)
    await until(lambda: sum(chat.client.traffic.delivered.values()) == 2)
    assert await delivered(chat) == {"token": 1, "direct": 1}


async def test_an_outcome_that_no_way_takes_is_counted_as_waiting(
    chat: LocalChat,
) -> None:
    await chat.change(f"members/{ADA}", takes_direct=False)
    await chat.order(prompt="a rude word, zoom in")
    await chat.change("guilds/main", automod_words=["rude"])
    await chat.deliver()
    await until(lambda: sum(chat.client.traffic.delivered.values()) == 1)
    assert await delivered(chat) == {"waits": 1}


async def test_requests_and_the_limits_that_they_met_are_counted(chat: LocalChat) -> None:
    channel = chat.client.get_partial_messageable(int(chat.ada.channel))
    for number in range(5):  # as many as the channel takes at once
        await channel.send(str(number))
    found = await page(chat)
    assert found["mutoscope_discord_requests_total{status=200}"] >= 5
    assert found["mutoscope_discord_limits_reached_total"] == 1
    assert found["mutoscope_discord_limited_total{scope=global}"] == 0
    await chat.change("world", requests_per_second=1)
    await asyncio.gather(*(chat.client.fetch_user(int(ADA)) for _ in range(2)))
    found = await page(chat)
    assert found["mutoscope_discord_limited_total{scope=global}"] >= 1
    assert found["mutoscope_discord_requests_total{status=429}"] >= 1
