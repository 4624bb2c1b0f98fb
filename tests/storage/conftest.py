"""A job store in a database of the test's own, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.catalogue_file import load_catalogue
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.catalogue import Catalogue
from tests.support.stores.sqlite_file import create_file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The url of a database that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/deep/mutoscope.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The url of a database with the tables."""
    if request.param == "sqlite":
        create_file(tmp_path / "deep" / "mutoscope.db")
        return f"sqlite+aiosqlite:///{tmp_path}/deep/mutoscope.db"
    url: str = request.getfixturevalue("migrated_postgres_url")
    return url


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(migrated_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def jobs(engine: AsyncEngine, catalogue: Catalogue) -> Jobs:
    return Jobs(engine, catalogue)
