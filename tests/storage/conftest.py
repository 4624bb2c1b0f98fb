"""A job store in a database of the test's own.

TEST_DATABASE_URL runs the same tests on another database, whose tables they drop:
postgresql+asyncpg://user@/empty?host=/run/postgresql
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.catalogue_file import load_catalogue
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.catalogue import Catalogue


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    url = os.environ.get("TEST_DATABASE_URL")
    engine = await open_database(url or f"sqlite+aiosqlite:///{tmp_path}/deep/mutoscope.db")
    yield engine
    if url:
        async with engine.begin() as connection:
            await connection.run_sync(drop_tables)
    await engine.dispose()


def drop_tables(connection: Connection) -> None:
    everything = MetaData()
    everything.reflect(connection)
    everything.drop_all(connection)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def jobs(engine: AsyncEngine, catalogue: Catalogue) -> Jobs:
    return Jobs(engine, catalogue)
