"""Which blobs jobs and styles name, for a check that they are in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, RowMapping, Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.connect import READING
from storage.database.tables import BLOB_KEYS, jobs, styles

PAGE = 200


@dataclass(frozen=True, slots=True)
class NamedBlob:
    """A blob by its key, with the row and the column that name it.

    row is a job's id, or a style as OWNER/NAME.
    """

    row: str
    column: str
    key: str


async def named_blobs(engine: AsyncEngine) -> AsyncIterator[list[NamedBlob]]:
    """Yield the blobs of all jobs that were not deleted, and of all styles, page by page."""
    columns = [jobs.c[name] for name in BLOB_KEYS]
    query = select(jobs.c.id, *columns).where(or_(*(one.is_not(None) for one in columns)))
    async for rows in _pages(engine, query, [jobs.c.id]):
        yield [
            NamedBlob(row["id"], name, row[name]) for row in rows for name in BLOB_KEYS if row[name]
        ]
    own = [styles.c.owner, styles.c.name]
    async for rows in _pages(engine, select(*own, styles.c.file), own):
        yield [NamedBlob(f"{row['owner']}/{row['name']}", "style", row["file"]) for row in rows]


async def _pages(
    engine: AsyncEngine, query: Select[Any], key: Sequence[Column[Any]]
) -> AsyncIterator[Sequence[RowMapping]]:
    """Yield the rows of a query in the order of a table's key, page by page."""
    query = query.order_by(*key).limit(PAGE)
    page = query
    while True:
        async with engine.execution_options(**READING).connect() as connection:
            rows = (await connection.execute(page)).mappings().all()
        if not rows:
            return
        yield rows
        page = query.where(tuple_(*key) > tuple_(*(rows[-1][column.name] for column in key)))
