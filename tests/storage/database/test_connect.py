"""The database is created where missing, migrated, and durable."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateTable

from storage.database.connect import open_database
from storage.database.tables import metadata


async def test_the_migrations_give_the_tables_of_the_code(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/again.db")
        async with engine.connect() as connection:
            version = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        await engine.dispose()
        assert version == "0001"


async def test_sqlite_uses_wal_full_sync_and_foreign_keys(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/full.db")
    async with engine.connect() as connection:
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(text("PRAGMA synchronous")) == 2
        assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
    await engine.dispose()


def test_the_tables_compile_for_postgresql() -> None:
    for table in metadata.sorted_tables:
        assert table.name in str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves the dialect's constructor bare


async def test_an_error_shows_no_parameters(engine: AsyncEngine) -> None:
    insert = text("INSERT INTO nowhere VALUES (:prompt)")
    with pytest.raises(DBAPIError, match="nowhere") as error:
        async with engine.begin() as connection:
            await connection.execute(insert, {"prompt": "tulips"})
    assert "tulips" not in str(error.value)
