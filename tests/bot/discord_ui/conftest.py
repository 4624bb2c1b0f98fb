"""A stage for each test of the chat."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.backend import Workshop
from tests.support.simulated_chat import Stage, open_stage


@pytest.fixture
async def stage(workshop: Workshop) -> AsyncIterator[Stage]:
    async with open_stage(workshop) as opened:
        yield opened
