"""Reads all that is kept of a person, page by page, for the person alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, RowMapping, Table, func, or_, select, tuple_

from storage.codec import CodecError, loads
from storage.database.rows import as_stored
from storage.database.tables import (
    BLOB_KEYS,
    audit,
    begun_orders,
    deliveries,
    jobs,
    ledger,
    servers,
    styles,
    usage_days,
)
from storage.database.transactions import Transaction
from storage.domain.trust.policy import ServerPolicy

PAGE = 200

Rows = list[dict[str, Any]]

_SECRETS = ("token", "holder", "process")
"""Columns that are no data of the person: tokens, and the bots' own ids."""

_JSON = ("request", "clip", "failure", "state", "detail")
_PEOPLE = ("by", "owner", "person")
"""The names of what is a person's id in a record's detail."""
_MADE = ("clip_blob", "clip_poster")
"""The columns of blobs that were made for an order; the others were given for it."""

SOURCES: Mapping[str, tuple[Table, tuple[str, ...], tuple[str, ...]]] = {
    "orders": (jobs, ("owner",), ("created", "id")),
    "ledger": (ledger, ("owner",), ("day", "id")),
    "styles": (styles, ("owner",), ("name",)),
    "begun_orders": (begun_orders, ("owner",), ("id",)),
    "deliveries": (deliveries, ("owner",), ("waiting", "job")),
    "usage": (usage_days, ("subject",), ("scope", "day", "model")),
    "records": (audit, ("actor", "subject"), ("id",)),
}
"""The tables that name a person, in which columns, and in which order their rows are read."""


class PersonalData:
    """Reads a person's rows; each page is a transaction of its own."""

    def __init__(self, read: Transaction) -> None:
        self._read = read

    async def pages(self, owner: str, source: str) -> AsyncIterator[Rows]:
        """Yield the rows of one of SOURCES, as what JSON knows."""
        table, names, order = SOURCES[source]
        place = tuple(table.c[name] for name in order)
        named = or_(*(table.c[name] == owner for name in names))
        query = select(table).where(named).order_by(*place).limit(PAGE)
        page = query
        while True:
            async with self._read() as connection:
                rows = (await connection.execute(page)).mappings().all()
            if rows:
                yield [_shown(row, owner) for row in rows]
            if len(rows) < PAGE:
                return
            page = query.where(tuple_(*place) > tuple_(*_values(rows[-1], place)))

    async def bans(self, owner: str) -> Rows:
        """Return the person's bans, and in which servers (empty: everywhere)."""
        naming = servers.c.policy.contains(owner, autoescape=True)
        found: Rows = []
        async with self._read() as connection:
            for guild, text in await connection.execute(select(servers).where(naming)):
                try:
                    bans = loads(ServerPolicy, text).bans
                except CodecError:  # of another release, or damaged
                    continue
                mine = [ban for ban in bans if ban.person == owner]
                found += [{"guild": guild, "at": ban.at, "reason": ban.reason} for ban in mine]
        return found

    async def blobs(self, owner: str) -> AsyncIterator[str]:
        """Yield the keys of the person's blobs, some of them repeatedly.

        What an order was made from is theirs if they gave it: the order has no parent, or one of
        theirs that was made from what they gave. A parent comes before its children.
        """
        own: set[str] = set()
        async for rows in self.pages(owner, "orders"):
            ends = {row["end_picture"] for row in rows if row["end_picture"]}
            taken = await self._named_by_others(owner, ends) if ends else {}
            for row in rows:
                names: Sequence[str] = _MADE
                if not row["parent"] or row["parent"] in own:
                    own.add(row["id"])
                    names = BLOB_KEYS
                for name in names:
                    # The end picture of anybody's clip comes with its settings, without a parent.
                    if row[name] and (name != "end_picture" or _is_first(row, taken)):
                        yield row[name]
        async for rows in self.pages(owner, "styles"):
            for row in rows:
                yield row["file"]

    async def _named_by_others(self, owner: str, pictures: Collection[str]) -> dict[str, float]:
        """Return when somebody else first ordered with each of these pictures that they did."""
        found: dict[str, float] = {}
        async with self._read() as connection:
            for column in (jobs.c.picture, jobs.c.end_picture):
                named = column.in_([as_stored(picture) for picture in pictures])
                query = select(column, func.min(jobs.c.created)).where(named, jobs.c.owner != owner)
                for picture, created in await connection.execute(query.group_by(column)):
                    first = created if isinstance(created, float) else 0.0  # damaged
                    found[picture] = min(first, found.get(picture, first))
        return found


def _values(row: RowMapping, place: Sequence[Column[Any]]) -> list[Any]:
    return [as_stored(row[column.name]) for column in place]


def _is_first(row: Mapping[str, Any], taken: Mapping[str, float]) -> bool:
    """Tell whether nobody else ordered with a row's end picture before."""
    created, picture = row["created"], row["end_picture"]
    return picture not in taken or (isinstance(created, float) and created < taken[picture])


def _shown(row: RowMapping, owner: str) -> dict[str, Any]:
    """Return a row without secrets and without other people, in which stored JSON is readable."""
    shown = {name: value for name, value in row.items() if name not in _SECRETS}
    if shown.get("actor", owner) != owner:
        del shown["actor"]
    others: list[Any] = []

    def without_others(part: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in _PEOPLE if name in part and part[name] != owner]
        others.extend(part.pop(name) for name in named)
        return part

    for name in _JSON:
        if isinstance(shown.get(name), str):
            hook = without_others if name == "detail" else None
            try:
                shown[name] = json.loads(shown[name], object_hook=hook)
            except (ValueError, RecursionError):  # damaged: it stays text
                continue
    if shown.get("subject") in others:
        del shown["subject"]
    return shown
