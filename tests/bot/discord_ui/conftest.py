"""One simulated chat per test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.backend import Backend
from tests.support.discord.simulated_chat import Chat, open_chat


@pytest.fixture
async def chat(backend: Backend) -> AsyncIterator[Chat]:
    async with open_chat(backend) as opened:
        yield opened
