"""Reads jobs page by page, so that other work is not held up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, select, tuple_

from storage.database.queries.job_changes import Condition
from storage.database.rows import RowReader, as_stored
from storage.database.tables import jobs
from storage.database.transactions import Transaction
from storage.domain.job import Job

PAGE = 200  # rows that are read at once


async def all_jobs(
    read: Transaction, rows: RowReader, which: Condition, *first: Column[Any]
) -> list[Job]:
    """Return the jobs that match the condition, the oldest first.

    They come in the order of the columns `first`, and only then the oldest first.
    """
    found: list[Job] = []
    place = (*first, jobs.c.created, jobs.c.id)
    query = select(jobs).where(which).order_by(*place).limit(PAGE)
    after = query
    while True:
        async with read() as connection:
            page = (await connection.execute(after)).mappings().all()
        found += rows.jobs(page)
        if len(page) < PAGE:
            return found
        last = (as_stored(page[-1][column]) for column in place)
        after = query.where(tuple_(*place) > tuple_(*last))
