"""A chat in which Ada owns the server, and another member's client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.state.guild import SAM
from tests.support.backend import Backend
from tests.support.discord.local_chat import LocalChat, open_local_chat


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


@pytest.fixture
async def sam(chat: LocalChat) -> AsyncIterator[MemberClient]:
    async with MemberClient(chat.server.url, user_id=SAM) as member:
        yield member
