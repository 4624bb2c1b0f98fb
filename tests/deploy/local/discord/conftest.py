"""A local Discord with a real discord.py bot connected to it over sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import discord
import pytest
import pytest_asyncio

from deploy.local.discord.member.client import Member
from deploy.local.discord.server import LocalDiscord
from tests.deploy.local.discord.small_bot import SmallBot, make_clip, point_at


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    make_clip(path)
    return path


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(tmp_path / "discord") as started:
        yield started


@asynccontextmanager
async def running(server: LocalDiscord, clip: Path) -> AsyncIterator[SmallBot]:
    """The small bot in this process, ready to be used."""
    point_at(server.api_url, server.gateway_url)
    async with SmallBot(clip) as bot:
        task = asyncio.create_task(bot.start("local"))
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        if task.done():
            task.result()
        yield bot
        await bot.close()
        await task


@pytest_asyncio.fixture
async def bot(
    server: LocalDiscord, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SmallBot]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", gateway.DEFAULT_GATEWAY)
    async with running(server, clip) as started:
        yield started


@pytest_asyncio.fixture
async def member(server: LocalDiscord) -> AsyncIterator[Member]:
    async with Member(server.url) as started:
        yield started
