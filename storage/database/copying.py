"""Copies a whole database into an empty one, from SQLite to PostgreSQL or back."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from sqlalchemy import Numeric, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database.connect import open_database, parse_url, place_of
from storage.database.tables import metadata
from storage.domain.errors import Unavailable
from storage.domain.text import printable
from storage.settings import SettingsError

BATCH = 1000  # rows that are held at once
ROUNDING = 1e-9  # by which sums may differ that were added up in another order


async def copy_database(source: str, target: str) -> dict[str, int]:
    """Copy every row from one DATABASE_URL to another; return how many each table has.

    The source is brought to the newest version first, and stays otherwise as it is. The target is
    written in one transaction. Raise SettingsError, and change nothing in the target, where it is
    not empty, where a program has the source open, or where a row does not fit.
    """
    _check_file(source)
    async with (
        _opened(source) as origin,
        origin.begin() as reading,
        _opened(target) as copy,
        copy.begin() as writing,
    ):
        await _check_alone(reading, source)
        await _check_empty(writing, target)
        for table in metadata.sorted_tables:
            await _copy_table(reading, writing, table)
        await _set_sequences(writing)
        return await _compare(reading, writing)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[AsyncEngine]:
    """Open a database; raise SettingsError where it cannot be used."""
    try:
        engine = await open_database(url)
        try:
            yield engine
        finally:
            await engine.dispose()
    except (Unavailable, DBAPIError) as error:
        cause = error.__cause__ if isinstance(error, Unavailable) else error
        reason = printable(getattr(cause, "orig", cause))
        raise SettingsError(f"the database {place_of(url)} cannot be used: {reason}") from error


def _check_file(url: str) -> None:
    """Raise SettingsError where SQLite's file is missing or open in another program."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return
    path = Path(str(parsed.database))
    if not path.is_file():
        raise SettingsError(f"there is no database {printable(path)}")
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            # With a write-ahead log, every connection shares a lock for as long as it is open.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise SettingsError(_in_use(url)) from error


def _in_use(url: str) -> str:
    return f"the database {place_of(url)} is in use; stop the bot first"


async def _check_alone(connection: AsyncConnection, url: str) -> None:
    """Raise SettingsError where others are connected, and let nobody write from now on.

    SQLite's transactions let nobody write anyway.
    """
    if connection.dialect.name == "postgresql":
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        if await connection.scalar(others):
            raise SettingsError(_in_use(url))
        await _lock(connection)


async def _lock(connection: AsyncConnection) -> None:
    names = ", ".join(metadata.tables)
    await connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


async def _check_empty(connection: AsyncConnection, url: str) -> None:
    if connection.dialect.name == "postgresql":
        await _lock(connection)
    for table in metadata.sorted_tables:
        if (await connection.execute(select(table).limit(1))).first() is not None:
            raise SettingsError(f"the database {place_of(url)} is not empty")


async def _copy_table(reading: AsyncConnection, writing: AsyncConnection, table: Table) -> None:
    rows = await reading.stream(select(table).order_by(*table.primary_key))
    async for batch in rows.mappings().partitions(BATCH):
        try:
            await writing.execute(insert(table), [dict(row) for row in batch])
        except (DBAPIError, UnicodeError, OverflowError) as error:
            key = next(iter(table.primary_key))
            first, last = (printable(batch[place][key.name]) for place in (0, -1))
            raise SettingsError(
                f"a row of {table.name} from {first} to {last} does not fit:"
                f" {printable(getattr(error, 'orig', error)).partition(chr(10))[0]}"
            ) from error


async def _set_sequences(connection: AsyncConnection) -> None:
    """Let PostgreSQL's numbers go on behind those that were copied, as SQLite's do anyway."""
    if connection.dialect.name == "postgresql":
        for table in metadata.sorted_tables:
            if (column := table.autoincrement_column) is not None:
                sequence = func.pg_get_serial_sequence(table.name, column.name)
                behind = func.coalesce(func.max(column), 0) + 1
                await connection.execute(select(func.setval(sequence, behind, False)))


async def _compare(reading: AsyncConnection, writing: AsyncConnection) -> dict[str, int]:
    """Return the counts of rows; raise SettingsError where counts or sums differ."""
    counts = {}
    for table in metadata.sorted_tables:
        before, after = await _sums(reading, table), await _sums(writing, table)
        differing = [
            name
            for name, value in before.items()
            if not math.isclose(value, after[name], rel_tol=ROUNDING)
        ]
        if differing:
            raise SettingsError(f"the copy differs in {table.name}: {', '.join(differing)}")
        counts[table.name] = int(after["rows"])
    return counts


async def _sums(connection: AsyncConnection, table: Table) -> Mapping[str, float]:
    """Return how many rows a table has, and the sum of each column of numbers."""
    numbers = [column for column in table.c if isinstance(column.type, Numeric)]
    numbers += [column for column in table.c if column.type.python_type is int]
    columns = [func.coalesce(func.sum(column), 0).label(column.name) for column in numbers]
    query = select(func.count().label("rows"), *columns).select_from(table)
    row: Any = (await connection.execute(query)).mappings().one()
    return {name: float(value) for name, value in row.items()}
