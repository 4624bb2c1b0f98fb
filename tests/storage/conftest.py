"""A book of jobs on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.catalogue_file import load_catalogue
from storage.database import open_database
from storage.domain.catalogue import Catalogue
from storage.jobs import Jobs


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/deep/mutoscope.db")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def jobs(engine: AsyncEngine, catalogue: Catalogue) -> Jobs:
    return Jobs(engine, catalogue)
