"""The bot at a local Discord of its own; what is sent must be as Discord describes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.backend import Backend
from tests.support.discord.api_conformance import ConformanceChecker, read_wire_log
from tests.support.discord.local_chat import LocalChat, open_local_chat


@pytest.fixture
async def local_chat(
    backend: Backend, tmp_path: Path, checker: ConformanceChecker | None
) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened
    if checker is not None:
        assert checker.check(read_wire_log(opened.wire)) == []
