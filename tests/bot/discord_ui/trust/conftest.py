"""A chat whose service makes pictures from words too, so that every kind of order is offered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.backend import Backend, open_backend
from tests.support.discord.local_chat import LocalChat, open_local_chat


@pytest.fixture
async def backend(tmp_path: Path, redis_url: str, mp4: bytes) -> AsyncIterator[Backend]:
    async with open_backend(tmp_path, redis_url, mp4, picture_model="some/model") as opened:
        yield opened


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened
