"""One simulated chat per test, and Discord's own description where it is here."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.backend import Backend
from tests.support.discord.api_conformance import ConformanceChecker, find_description
from tests.support.discord.simulated_chat import Chat, open_chat


@pytest.fixture(scope="session")
def checker() -> ConformanceChecker | None:
    description = find_description()
    return None if description is None else ConformanceChecker(description)


@pytest.fixture
async def chat(backend: Backend) -> AsyncIterator[Chat]:
    async with open_chat(backend) as opened:
        yield opened
