"""Fixtures of the bot's tests: an MP4, and a backend on a real Redis and a real SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from gpu_worker.media.encode import encode
from tests.support.backend import Backend, open_backend


@pytest.fixture(scope="session")
def mp4() -> bytes:
    """A small MP4 as a worker makes it."""
    frames = np.zeros((8, 64, 64, 3), np.uint8)
    for number, frame in enumerate(frames):
        frame[:, number * 8 :] = 200
    return encode(frames, 8, 10**6, {}).data


@pytest.fixture(params=["sqlite", "postgresql"])
async def two_bots(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, mp4: bytes
) -> AsyncIterator[tuple[Backend, Backend]]:
    """The same stores as two processes see them."""
    shared = request.param == "postgresql"
    url = request.getfixturevalue("migrated_postgres_url") if shared else ""
    async with (
        open_backend(tmp_path, redis_url, mp4, database_url=url) as first,
        open_backend(tmp_path, redis_url, mp4, database_url=url) as second,
    ):
        yield first, second


@pytest.fixture
async def backend(tmp_path: Path, redis_url: str, mp4: bytes) -> AsyncIterator[Backend]:
    async with open_backend(tmp_path, redis_url, mp4) as opened:
        yield opened
