"""The table of who and what is gone, and of the servers in which the bot was seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, and_, delete, exists, insert, select, tuple_, update

from storage.database.connect import lock
from storage.database.deliveries import waits_since
from storage.database.rows import as_stored
from storage.database.tables import (
    KEPT,
    SHOWN,
    audit,
    decisions,
    departures,
    guilds_seen,
    jobs,
    servers,
)
from storage.database.transactions import Transaction
from storage.domain.privacy.departure import Departure, DepartureKind

BATCH = 50
ASKED = "asked for members of"
"""The decision that names the server."""


class DepartureTable:
    """Reads and writes departures; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def note(self, gone: Iterable[Departure]) -> None:
        """Record who or what is gone; of two records of the same, the first counts."""
        async with self._write() as connection:
            await lock(connection, "departures")
            for one in gone:
                if not await connection.scalar(select(exists().where(_is(one)))):
                    names = {"kind": one.kind.value, "place": one.place, "name": one.name}
                    new = insert(departures).values(due=one.due, **names)
                    await connection.execute(new)

    async def drop(self, one: Departure) -> None:
        """Record that somebody is back, or that their data is deleted."""
        async with self._write() as connection:
            await connection.execute(delete(departures).where(_is(one)))

    async def postpone(self, one: Departure, due: float) -> None:
        """Record when the rest of the data is to be deleted."""
        async with self._write() as connection:
            await connection.execute(update(departures).where(_is(one)).values(due=due))

    async def due(self, now: float) -> list[Departure]:
        """Return some of those whose data is to be deleted now, the longest due first."""
        query = select(departures).where(departures.c.due <= now)
        async with self._read() as connection:
            rows = await connection.execute(query.order_by(departures.c.due).limit(BATCH))
            return [
                Departure(DepartureKind(row["kind"]), row["name"], row["place"], row["due"])
                for row in rows.mappings()
            ]

    async def shown(self, front: str, channel: str, messages: Collection[str]) -> list[str]:
        """Return those of some messages that show a job."""
        there = (jobs.c.front == front) & (jobs.c.channel == channel)
        query = select(jobs.c.message).where(there, jobs.c.message.in_(messages))
        async with self._read() as connection:
            return list(await connection.scalars(query))

    async def jobs_of(
        self,
        one: Departure,
        front: str,
        without: Collection[str] = (),
        *,
        waiting_since: float = 0.0,
    ) -> list[str]:
        """Return some of the delivered jobs that go with one.

        Not those that wait to be fetched, since no earlier than a time.
        """
        others = jobs.c.id.not_in([as_stored(job_id) for job_id in without])
        theirs = (_goes_with(one, front), others, ~waits_since(waiting_since))
        query = select(jobs.c.id).where(KEPT, *theirs).limit(BATCH)
        async with self._read() as connection:
            return list(await connection.scalars(query))

    async def close(self, one: Departure, front: str, *, waiting_since: float = 0.0) -> bool:
        """End a departure; return False where there are jobs yet that are not delivered or fetched.

        What a server's managers set goes with the server.
        """
        theirs = _goes_with(one, front)
        async with self._write() as connection:
            for left in ((SHOWN,), (KEPT, waits_since(waiting_since))):
                if await connection.scalar(select(exists().where(*left, theirs))):
                    return False
            await connection.execute(delete(departures).where(_is(one)))
            if one.kind is DepartureKind.GUILD:
                for table in (servers, audit):
                    await connection.execute(delete(table).where(table.c.guild == one.name))
        return True

    async def see_guilds(self, here: Collection[str]) -> tuple[list[str], list[str]]:
        """Record all servers in which the bot is.

        Return those in which it was and is not any more, and those in which it was not.
        """
        async with self._write() as connection:
            await lock(connection, "guilds seen")
            seen = set(await connection.scalars(select(guilds_seen.c.guild)))
            gone, new = sorted(seen - set(here)), sorted(set(here) - seen)
            for guild in gone:
                await connection.execute(delete(guilds_seen).where(guilds_seen.c.guild == guild))
            if new:
                await connection.execute(insert(guilds_seen), [{"guild": one} for one in new])
        return gone, new

    async def see_guild(self, guild: str, *, here: bool) -> bool:
        """Record whether the bot is in a server; return whether that is news."""
        seen = guilds_seen.c.guild == guild
        async with self._write() as connection:
            await lock(connection, "guilds seen")
            if bool(await connection.scalar(select(exists().where(seen)))) is here:
                return False
            change = insert(guilds_seen).values(guild=guild)
            await connection.execute(change if here else delete(guilds_seen).where(seen))
        return True

    async def next_member(self, guild: str, person: str) -> tuple[str, str] | None:
        """Return the next server and person with delivered jobs there behind these, if any."""
        place = (jobs.c.guild, jobs.c.owner)
        query = select(*place).where(KEPT, tuple_(*place) > tuple_(guild, person))
        query = query.where(jobs.c.guild > "")
        async with self._read() as connection:
            row = (await connection.execute(query.order_by(*place).limit(1))).first()
        return None if row is None else (row.guild, row.owner)

    async def asked_guild(self) -> str:
        """Return the server of whose members Discord was asked last; empty after a whole round."""
        query = select(decisions.c.value).where(decisions.c.name == ASKED)
        async with self._read() as connection:
            return str(await connection.scalar(query) or "")

    async def keep_asked_guild(self, guild: str) -> None:
        """Record that; no person is named."""
        async with self._write() as connection:
            await lock(connection, f"decision {ASKED}")
            await connection.execute(delete(decisions).where(decisions.c.name == ASKED))
            await connection.execute(insert(decisions).values(name=ASKED, value=guild))


def _is(one: Departure) -> ColumnElement[bool]:
    columns = departures.c
    same = (columns.kind == one.kind.value, columns.place == one.place, columns.name == one.name)
    return and_(*same)


def _goes_with(one: Departure, front: str) -> ColumnElement[bool]:
    """Return the condition of the jobs that are shown by, or were ordered in, what is gone."""
    if one.kind is DepartureKind.GUILD:
        return jobs.c.guild == one.name
    if one.kind is DepartureKind.MEMBER:
        return and_(jobs.c.guild == one.place, jobs.c.owner == one.name)
    if one.kind is DepartureKind.CHANNEL:
        return and_(jobs.c.front == front, jobs.c.channel == one.name)
    there = (jobs.c.front == front) & (jobs.c.channel == one.place)
    return and_(there, jobs.c.message == one.name)
