"""Fixtures of the bot's tests: a film, and a workshop on a real Redis and a real SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from gpu_worker.media.encode import encode
from tests.support.backend import Workshop, open_workshop


@pytest.fixture(scope="session")
def film() -> bytes:
    """A small MP4 as a worker makes it."""
    frames = np.zeros((8, 64, 64, 3), np.uint8)
    for number, frame in enumerate(frames):
        frame[:, number * 8 :] = 200
    return encode(frames, 8, 10**6, {})


@pytest.fixture
async def workshop(tmp_path: Path, redis_url: str, film: bytes) -> AsyncIterator[Workshop]:
    async with open_workshop(tmp_path, redis_url, film) as opened:
        yield opened
