"""The bot's database as it is seen, and disturbed, from outside."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.support.stores.postgres_server import PostgresServer

DATABASES = ("sqlite", "postgresql")
PATIENCE = 0.2  # seconds in which a lock is got, or not at all

Row: TypeAlias = dict[str, Any]


class OutsideDatabase:
    """Reads and locks the tables beside the bots."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_async_engine(url, poolclass=NullPool)

    async def rows(self, query: str) -> list[Row]:
        """Return what a query finds."""
        async with self._engine.connect() as connection:
            found = await connection.execute(text(query))
            return [dict(row) for row in found.mappings()]

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Let nobody else write inside the block, if the lock can be had."""
        if self._engine.dialect.name == "sqlite":
            steps = (f"PRAGMA busy_timeout = {1000 * PATIENCE:.0f}", "BEGIN IMMEDIATE")
        else:
            wait = f"SET LOCAL lock_timeout = '{PATIENCE}s'"
            steps = (wait, "LOCK TABLE jobs, intents, deliveries IN EXCLUSIVE MODE")
        async with self._engine.connect() as connection:
            with contextlib.suppress(DBAPIError):
                for step in steps:
                    await connection.exec_driver_sql(step)
            yield


@contextlib.contextmanager
def database_for(name: str, folder: Path) -> Iterator[str]:
    """Yield the url of a file in the folder, or of a PostgreSQL that ends with the block."""
    if name == "sqlite":
        yield f"sqlite+aiosqlite:///{folder.resolve()}/mutoscope.db"
        return
    with tempfile.TemporaryDirectory(prefix="mutoscope-postgres-") as data:
        server = PostgresServer(Path(data))
        try:
            with server.database() as created:
                yield server.url(created)
        finally:
            server.stop()
