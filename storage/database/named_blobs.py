"""Which blobs the jobs name, for a check that they are in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.connect import READING
from storage.database.tables import BLOB_KEYS, jobs

PAGE = 200


@dataclass(frozen=True, slots=True)
class NamedBlob:
    """A blob by its key, with the job and the column that name it."""

    job: str
    column: str
    key: str


async def named_blobs(engine: AsyncEngine) -> AsyncIterator[list[NamedBlob]]:
    """Yield the blobs of all jobs that were not deleted, page by page."""
    columns = [jobs.c[name] for name in BLOB_KEYS]
    named = or_(*(column.is_not(None) for column in columns))
    query = select(jobs.c.id, *columns).where(named).order_by(jobs.c.id).limit(PAGE)
    page = query
    while True:
        async with engine.execution_options(**READING).connect() as connection:
            rows = (await connection.execute(page)).mappings().all()
        if not rows:
            return
        yield [
            NamedBlob(row["id"], name, row[name]) for row in rows for name in BLOB_KEYS if row[name]
        ]
        page = query.where(jobs.c.id > rows[-1]["id"])
