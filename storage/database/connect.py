"""Open SQLite or PostgreSQL by URL and migrate its tables.

All code that is specific to one of them is here; the rest is SQLAlchemy Core.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from weakref import WeakSet

import aiosqlite
from sqlalchemy import URL, Connection, Engine, event, func, make_url, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.database.migrations.upgrade import migrate
from storage.domain.errors import Unavailable
from storage.domain.text import printable
from storage.settings import SettingsError

log = logging.getLogger(__name__)
statement_log = logging.getLogger(f"{__name__}.statements")
"""The time and text of statements, at DEBUG; of its own level, or they would bury a job's lines."""
statement_log.setLevel(logging.WARNING)

READING = {"mutoscope_reading": True}
"""Execution options of a connection that only reads."""

SLOW_SECONDS = 1.0  # a statement that takes longer is logged as a warning
CONNECTIONS = 4  # each is a thread of aiosqlite; more of them only contend
CLOSE_SECONDS = 1.0  # for those whose closing has begun, among those that are still used
BUSY_SECONDS = 30.0  # how long a writer waits for another one


PARAMETERS = frozenset(
    {"host", "passfile", "port", "prepared_statement_cache_size", "ssl", "target_session_attrs"}
)
"""What a PostgreSQL URL may set of the driver; other parameters are the server's."""


REFUSALS = {
    "28P01": "PostgreSQL refuses the user or the password",
    "28000": "PostgreSQL refuses the user or the password",
    "3D000": "PostgreSQL has no such database; create it with createdb",
}
"""What PostgreSQL answers (its SQLSTATE) that no waiting can mend, and what that means."""


def parse_url(text: str) -> URL:
    """Return a DATABASE_URL with our drivers; raise SettingsError, which shows no password.

    postgres://, postgresql:// and sqlite:// are what hosters hand out. SQLite's path may be
    percent-encoded.
    """
    scheme, _, rest = text.partition("://")
    match scheme.lower().partition("+")[0]:
        case "sqlite":
            return _sqlite_url(rest)
        case "postgres" | "postgresql":
            return _postgresql_url(rest)
    raise SettingsError("DATABASE_URL does not begin with sqlite:// or postgresql://")


def _sqlite_url(rest: str) -> URL:
    path = os.fsdecode(unquote_to_bytes(rest.removeprefix("/")))
    if not rest.startswith("/") or path in ("", ":memory:"):
        raise SettingsError(
            "DATABASE_URL names no file; write sqlite:///PATH, or sqlite:////PATH from the root"
        )
    if "?" in rest:
        raise SettingsError("DATABASE_URL: SQLite takes no parameters; write ? in a path as %3F")
    return URL.create("sqlite+aiosqlite", database=path)


def _postgresql_url(rest: str) -> URL:
    try:
        url = make_url(f"postgresql+asyncpg://{rest}")
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or "") or not 0 < (url.port or 5432) < 2**16:
        raise SettingsError(
            "DATABASE_URL cannot be read; it is postgresql://USER:PASSWORD@HOST:PORT/NAME, and in"
            " the password @ is written as %40, : as %3A, / as %2F, ? as %3F, # as %23"
        )
    if mode := url.query.get("sslmode"):  # libpq's name of it
        url = url.update_query_dict({"ssl": mode})
    return url.difference_update_query(["sslmode", "channel_binding"])


def place_of(url: str) -> str:
    """Return where a DATABASE_URL leads, without user and password."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return printable(parsed.database)
    return printable(f"{parsed.host or ''}:{parsed.port or 5432}/{parsed.database or ''}")


async def open_database(url: str, version: str = "head") -> AsyncEngine:
    """Open the database, creating an SQLite file if needed, and migrate its tables to a version.

    Raise SettingsError where the URL is wrong, Unavailable where the database cannot be used.
    """
    parsed = parse_url(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    try:
        await _connect(engine)
        await _migrate(engine, version)
    except (DBAPIError, OSError) as error:
        await engine.dispose()
        raise Unavailable("unavailable_database") from error
    except BaseException:
        await engine.dispose()
        raise
    event.listen(engine.sync_engine, "before_cursor_execute", _begin_statement)
    event.listen(engine.sync_engine, "after_cursor_execute", _log_statement)
    return engine


async def _migrate(engine: AsyncEngine, version: str) -> None:
    """Bring the tables up to a version; what a start that was stopped has done stays."""
    more = True
    while more:
        async with engine.begin() as connection:
            await lock(connection, "migrations")  # of two bots that start at once
            more = await connection.run_sync(migrate, version)


def _postgresql(url: URL) -> AsyncEngine:
    server = {name: value for name, value in url.query.items() if name not in PARAMETERS}
    url = url.difference_update_query(server)
    options: dict[str, Any] = {}
    try:
        if seconds := server.pop("connect_timeout", None):
            options["timeout"] = float(str(seconds))
        if server:
            options["server_settings"] = server
        engine = create_async_engine(
            url, connect_args=options, pool_pre_ping=True, hide_parameters=True
        )
    except ValueError as error:
        raise SettingsError("DATABASE_URL: connect_timeout is no number") from error
    except ModuleNotFoundError as error:
        raise SettingsError(
            "DATABASE_URL: PostgreSQL's driver is not installed; pip install 'mutoscope[postgres]'"
        ) from error
    event.listen(engine.sync_engine, "connect", _prepare_postgresql)
    return engine


class SqliteConnection(sqlite3.Connection):
    """A connection that ends its transaction when it is closed.

    SQLite itself leaves that until the last open statement is deleted. One that was cancelled is
    referred to by the exception's traceback, and until that is collected nobody could write.
    """

    def close(self) -> None:
        """Roll back, and close; a second call does nothing."""
        with contextlib.suppress(sqlite3.Error):  # closed already, or the disk is away
            self.rollback()
        super().close()


class SqliteEngine(AsyncEngine):
    """An engine whose end waits for the threads of connections that were told to stop.

    A statement that is cancelled goes on in its connection's thread, and where the closing of that
    connection is cancelled too, nobody waits for it. When the event loop ended, the thread would
    have nobody to answer to, and asyncio.run() would wait for a thread that is gone, for ever.
    """

    __slots__ = ("_drivers",)

    def __init__(self, engine: Engine, drivers: WeakSet[aiosqlite.Connection]) -> None:
        """Wait for these connections, also for those that are still being opened."""
        super().__init__(engine)
        self._drivers = drivers

    async def dispose(self, close: bool = True) -> None:
        """Close the connections that nobody uses, and wait for those that were cancelled."""
        await super().dispose(close)
        until = time.monotonic() + CLOSE_SECONDS
        for driver in list(self._drivers):
            while self._ends(driver, until):  # noqa: ASYNC110  # a thread's end has no event
                await asyncio.sleep(0.001)
        await asyncio.sleep(0)  # its last answer is heard

    def _ends(self, driver: aiosqlite.Connection, until: float) -> bool:
        """Tell whether a connection's thread is about to end, or may be until then."""
        return driver._thread.is_alive() and (not driver._running or time.monotonic() < until)


def _sqlite(url: URL) -> AsyncEngine:
    drivers: WeakSet[aiosqlite.Connection] = WeakSet()

    def create(*arguments: Any, **options: Any) -> aiosqlite.Connection:
        driver = aiosqlite.connect(
            *arguments, timeout=BUSY_SECONDS, factory=SqliteConnection, **options
        )
        driver._thread.daemon = True  # as SQLAlchemy does
        drivers.add(driver)
        return driver

    made = create_async_engine(
        url,
        connect_args={"async_creator_fn": create},
        pool_size=CONNECTIONS,
        max_overflow=0,
        hide_parameters=True,  # errors are logged, and prompts must not be
    )
    engine = SqliteEngine(made.sync_engine, drivers)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


async def _connect(engine: AsyncEngine) -> None:
    """Make a first connection; raise OSError with the system's reason where there is one.

    Raise SettingsError where PostgreSQL refuses the login, or has no such database.
    """
    try:
        if engine.dialect.name == "sqlite":
            _make_private(Path(str(engine.url.database)))
        async with engine.connect():
            pass
    except Exception as error:
        code = getattr(getattr(error, "orig", error), "sqlstate", None)
        if code in REFUSALS:
            place = place_of(engine.url.render_as_string())
            raise SettingsError(f"DATABASE_URL: {place}: {REFUSALS[code]}") from error
        if isinstance(error, DBAPIError | OSError):
            raise
        raise OSError(printable(error)) from error  # asyncpg's own, which SQLAlchemy hands on


def _make_private(path: Path) -> None:
    """Let nobody else read the file, which holds prompts and live tokens; create it if missing.

    It is opened for writing, because SQLite would not say why it cannot. SQLite gives its -wal and
    -shm files the same mode when it creates them.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from error
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            file.chmod(0o600)


async def lock(connection: AsyncConnection, name: str) -> None:
    """Let no other transaction take the lock of this name until this one ends."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))
    # SQLite runs one writing transaction at a time anyway.


async def drop_history(engine: AsyncEngine) -> None:
    """Empty SQLite's -wal file, which holds what pages were before; while others read, later.

    PostgreSQL's own vacuum does the like.
    """
    if engine.dialect.name == "sqlite":
        async with engine.execution_options(**READING).connect() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


async def touch(connection: AsyncConnection) -> None:
    """Write a row as it is, which takes the lock and room on the disk as any write does."""
    await connection.execute(text("UPDATE alembic_version SET version_num = version_num"))


def _prepare_postgresql(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Let each statement be planned for its values.

    A plan for any value goes through the table of jobs where most rows share one: where a million
    had one picture, the check of another took 6.6 s in place of a millisecond.
    """
    cursor = connection.cursor()
    cursor.execute("SET plan_cache_mode = force_custom_plan")
    cursor.close()
    connection.commit()


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Turn on WAL, full sync and foreign keys; leave BEGIN to _begin_sqlite.

    What is deleted is overwritten with zeros, so that the file holds nothing of a person who is
    forgotten.

    A text that is not UTF-8 must not fail the query that reads it among others: its bytes become
    surrogates, and its row is set aside.
    """
    connection.isolation_level = None
    driver: Any = connection.driver_connection
    driver.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    cursor = connection.cursor()
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: upgrading a read lock later may fail.

    Reading connections need no transaction: each statement sees a consistent state.
    """
    if not connection.get_execution_options().get("mutoscope_reading"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_statement(connection: Connection, *_: Any) -> None:
    connection.info["mutoscope_began"] = time.perf_counter()


def _log_statement(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    """Log how long a statement took and its text, without the values in it."""
    seconds = time.perf_counter() - connection.info["mutoscope_began"]
    level = logging.WARNING if seconds > SLOW_SECONDS else logging.DEBUG
    statement_log.log(level, "%.4f s: %s", seconds, statement)
