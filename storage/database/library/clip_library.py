"""Reads a person's clips page by page, a clip's descendants, and who ordered from a picture.

Whatever a person has, one page reads a bounded number of rows.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.rows import RowReader
from storage.database.tables import CLIPS, HAS_PARENT, jobs
from storage.database.transactions import Transaction
from storage.domain.job import Job
from storage.domain.library.pages import ClipPage, PageRequest

PAGE = 10  # clips
SEARCHED = 1000  # clips whose prompts one page looks at
CHILDREN = 20  # of one job


class ClipLibrary:
    """Reads clips; each method is one transaction."""

    def __init__(self, read: Transaction, rows: RowReader) -> None:
        self._read = read
        self._rows = rows

    async def page(self, wanted: PageRequest) -> ClipPage:
        """Return a page of a person's clips; one of newer clips that is not full is the first."""
        async with self._read() as connection:
            place = await _place(connection, wanted)
            newer = wanted.newer and place is not None
            found, end = await self._found(connection, wanted, place, newer=newer)
            if newer and not end:
                place, newer = None, False
                found, end = await self._found(connection, wanted, place, newer=newer)
            listed = await self._jobs(connection, found)
        first, last = (found[0], found[-1]) if found else (wanted.anchor, wanted.anchor)
        if newer:
            return ClipPage(listed, end, last)
        return ClipPage(listed, first if place is not None else "", end)

    async def _found(
        self,
        connection: AsyncConnection,
        wanted: PageRequest,
        place: tuple[float, str] | None,
        *,
        newer: bool,
    ) -> tuple[list[str], str]:
        """Return the ids of a page's clips, and the anchor to go on from in the same direction."""
        limit = SEARCHED if wanted.search else PAGE + 1
        columns = (jobs.c.id, jobs.c.request) if wanted.search else (jobs.c.id,)
        query = _clips(select(*columns), wanted, place, newer=newer).limit(limit)
        rows = (await connection.execute(query)).mappings().all()
        found = [row["id"] for row in rows if _has_words(row, wanted.search)][: PAGE + 1]
        end = ""
        if len(found) > PAGE:
            found, end = found[:PAGE], found[PAGE - 1]
        elif wanted.search and len(rows) == SEARCHED:
            end = rows[-1]["id"]
        return (found[::-1] if newer else found), end

    async def _jobs(self, connection: AsyncConnection, found: Sequence[str]) -> tuple[Job, ...]:
        rows = await connection.execute(select(jobs).where(jobs.c.id.in_(found)))
        by_id = {job.id: job for job in self._rows.jobs(rows.mappings().all())}
        return tuple(by_id[key] for key in found if key in by_id)

    async def children(self, job_id: str) -> list[Job]:
        """Return the latest jobs that were made from a job, the newest first."""
        query = select(jobs).where(HAS_PARENT, jobs.c.parent == job_id, jobs.c.forgotten.is_(False))
        query = query.order_by(jobs.c.created.desc()).limit(CHILDREN)
        async with self._read() as connection:
            return self._rows.jobs((await connection.execute(query)).mappings().all())

    async def order_with(self, picture: str, owner: str, end_picture: str = "") -> Job | None:
        """Return a job that this person ordered from these pictures (by their sha256), if any."""
        mine = (jobs.c.picture == picture) & (jobs.c.owner == owner)
        mine &= jobs.c.end_picture.is_not_distinct_from(end_picture or None)
        async with self._read() as connection:
            rows = await connection.execute(select(jobs).where(mine).limit(1))
            return next(iter(self._rows.jobs(rows.mappings().all())), None)


async def _place(connection: AsyncConnection, wanted: PageRequest) -> tuple[float, str] | None:
    """Return the place of the anchor in the list; None where it is none of this person's jobs."""
    if not wanted.anchor:
        return None
    here = (jobs.c.id == wanted.anchor) & (jobs.c.owner == wanted.owner)
    ended = await connection.scalar(select(jobs.c.ended).where(here))
    return None if ended is None else (ended, wanted.anchor)


def _clips(
    query: Select[Any], wanted: PageRequest, place: tuple[float, str] | None, *, newer: bool
) -> Select[Any]:
    """Add to a query whose clips it reads, from which place on, and in which direction."""
    query = query.where(jobs.c.owner == wanted.owner, CLIPS, jobs.c.id.not_in(wanted.without))
    order = (jobs.c.ended, jobs.c.id)
    if place is not None:
        # The first column alone bounds the index; the rest tells clips of one moment apart.
        bound = jobs.c.ended >= place[0] if newer else jobs.c.ended <= place[0]
        beyond = tuple_(*order) > tuple_(*place) if newer else tuple_(*order) < tuple_(*place)
        query = query.where(bound, beyond)
    return query.order_by(*(order if newer else (column.desc() for column in order)))


def _has_words(row: RowMapping, search: str) -> bool:
    """Tell whether the prompt in a row has all of these words."""
    if not search:
        return True
    try:
        prompt = _plain(str(json.loads(row["request"])["prompt"]))
    except (ValueError, TypeError, KeyError, RecursionError):  # of another release, or damaged
        return False
    return all(word in prompt for word in _plain(search).split())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
