"""The table of messages about jobs beside their answers, so that they can go with the jobs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import RowMapping, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.privacy import leftovers
from storage.database.tables import jobs, posts
from storage.database.transactions import Transaction
from storage.domain.errors import JobGone
from storage.domain.privacy.leftover import Leftover, LeftoverKind
from storage.domain.privacy.post import Post, PostKind


class PostTable:
    """Reads and writes posts; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def add(self, post: Post) -> None:
        """Record a post; raise JobGone where its job is deleted."""
        here = select(jobs.c.id).where(jobs.c.id == post.job, jobs.c.forgotten.is_(False))
        async with self._write() as connection:
            if await connection.scalar(here.with_for_update()) is None:
                raise JobGone("job_deleted")
            await _put(connection, post)

    async def shows(self, job_id: str, channel: str) -> bool:
        """Tell whether a job's clip was shown to all who read a channel."""
        there = (posts.c.job == job_id) & (posts.c.channel == channel)
        query = select(exists().where(there, posts.c.kind == PostKind.CLIP.value))
        async with self._read() as connection:
            return bool(await connection.scalar(query))


async def take_down(
    connection: AsyncConnection, found: Collection[str], kinds: Collection[PostKind]
) -> None:
    """Let the posts of some jobs be deleted."""
    theirs = posts.c.job.in_(found) & posts.c.kind.in_([kind.value for kind in kinds])
    rows = (await connection.execute(select(posts).where(theirs))).all()
    await leftovers.add(
        connection,
        [Leftover(LeftoverKind.MESSAGE, row.message, row.channel, row.front) for row in rows],
    )
    await connection.execute(delete(posts).where(theirs))


async def keep_answer(connection: AsyncConnection, row: RowMapping) -> None:
    """Record the answer of a job whose row is about to name it no more, and which stays."""
    if row["channel"] and row["message"]:
        await _put(connection, Post(row["id"], row["front"], row["channel"], row["message"]))


async def _put(connection: AsyncConnection, post: Post) -> None:
    same = (posts.c.job == post.job) & (posts.c.channel == post.channel)
    await connection.execute(delete(posts).where(same, posts.c.message == post.message))
    await connection.execute(insert(posts).values({**asdict(post), "kind": post.kind.value}))
