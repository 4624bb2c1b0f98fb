"""The page over a real backend, served in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.backend import open_backend
from tests.support.web.served_page import ServedPage, served_page


@pytest_asyncio.fixture(loop_scope="session")
async def served(tmp_path: Path, redis_url: str, mp4: bytes) -> AsyncIterator[ServedPage]:
    """The page for the one person at this machine, with a worker that makes clips at once."""
    async with (
        open_backend(tmp_path, redis_url, mp4) as backend,
        backend.running(),
        served_page(backend) as page,
    ):
        yield page
