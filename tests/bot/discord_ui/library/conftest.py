"""The bot at a local Discord, with Ada, and Lin in another channel.

What is sent must be as Discord describes it, where its description is here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.state.guild import GALLERY, LIN
from tests.support.backend import Backend
from tests.support.discord.api_conformance import ConformanceChecker, read_wire_log
from tests.support.discord.local_chat import LocalChat, open_local_chat


@pytest.fixture
async def chat(
    backend: Backend, tmp_path: Path, checker: ConformanceChecker | None
) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened
    if checker is not None:
        assert checker.check(read_wire_log(opened.wire)) == []


@pytest.fixture
async def lin(chat: LocalChat) -> AsyncIterator[MemberClient]:
    async with MemberClient(chat.server.url, user_id=LIN, channel=GALLERY) as member:
        yield member
