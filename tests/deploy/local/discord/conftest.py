"""A local Discord with a real discord.py bot connected to it over sockets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from tests.support.discord.raw_bot import ANIMATE, RawBot
from tests.support.discord.sample_bot import SampleBot, make_clip, running_bot


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    make_clip(path)
    return path


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(tmp_path / "discord") as started:
        yield started


@pytest_asyncio.fixture
async def bot(server: LocalDiscord, clip: Path) -> AsyncIterator[SampleBot]:
    async with running_bot(server, clip) as started:
        yield started


@pytest_asyncio.fixture
async def raw_bot(server: LocalDiscord) -> AsyncIterator[RawBot]:
    """A bot without a library, which is connected and has registered /animate."""
    async with RawBot(server) as started:
        await started.identify()
        await started.register(ANIMATE)
        yield started


@pytest_asyncio.fixture
async def member(server: LocalDiscord) -> AsyncIterator[MemberClient]:
    async with MemberClient(server.url) as started:
        yield started
