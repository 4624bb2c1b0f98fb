"""A stage for each test of the chat."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bot.chat.stage import Stage, open_stage
from tests.bot.workshop import Workshop


@pytest.fixture
async def stage(workshop: Workshop) -> AsyncIterator[Stage]:
    async with open_stage(workshop) as opened:
        yield opened
