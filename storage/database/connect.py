"""Open SQLite or PostgreSQL by URL and migrate its tables.

All code that is specific to one of them is here; the rest is SQLAlchemy Core.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, func, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.domain.errors import Unavailable

READING = {"mutoscope_reading": True}
"""Execution options of a connection that only reads."""

CONNECTIONS = 4  # each is a thread of aiosqlite; more of them only contend
BUSY_SECONDS = 30.0  # how long a writer waits for another one


async def open_database(url: str) -> AsyncEngine:
    """Open the database, creating an SQLite file if needed, and migrate it to the newest tables.

    Raise Unavailable where it cannot be reached.
    """
    try:
        return await _opened(url)
    except (DBAPIError, OSError) as error:
        raise Unavailable("unavailable_database") from error


async def _opened(url: str) -> AsyncEngine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
    else:
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS},
            pool_size=CONNECTIONS,
            max_overflow=0,
            hide_parameters=True,  # errors are logged, and prompts must not be
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
    except BaseException:
        await engine.dispose()
        raise
    return engine


async def lock(connection: AsyncConnection, name: str) -> None:
    """Let no other transaction take the lock of this name until this one ends."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))
    # SQLite runs one writing transaction at a time anyway.


def migrate(connection: Connection) -> None:
    """Bring the tables up to date within the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Turn on WAL, full sync and foreign keys; leave BEGIN to _begin_sqlite."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: upgrading a read lock later may fail.

    Reading connections need no transaction: each statement sees a consistent state.
    """
    if not connection.get_execution_options().get("mutoscope_reading"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
