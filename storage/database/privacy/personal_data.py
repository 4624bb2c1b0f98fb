"""Reads all that is kept of a person, page by page, for the person alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, RowMapping, Table, or_, select, tuple_

from storage.database.begun_orders import Transaction
from storage.database.rows import as_stored
from storage.database.tables import (
    BLOB_KEYS,
    audit,
    begun_orders,
    deliveries,
    jobs,
    ledger,
    styles,
    usage_days,
)

PAGE = 200

Rows = list[dict[str, Any]]

_SECRETS = ("token", "holder", "process")
"""Columns that are no data of the person: tokens, and the bots' own ids."""

_JSON = ("request", "clip", "failure", "state", "detail")

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


def blob_names(row: Mapping[str, Any]) -> list[str]:
    """Return the keys of the blobs that a row of orders or styles names."""
    return [row[name] for name in (*BLOB_KEYS, "file") if row.get(name)]


def _values(row: RowMapping, place: Sequence[Column[Any]]) -> list[Any]:
    return [as_stored(row[column.name]) for column in place]


def _shown(row: RowMapping, owner: str) -> dict[str, Any]:
    """Return a row without secrets and without other people, in which stored JSON is readable."""
    shown = {name: value for name, value in row.items() if name not in _SECRETS}
    if shown.get("actor", owner) != owner:
        del shown["actor"]
    for name in _JSON:
        if isinstance(shown.get(name), str):
            try:
                shown[name] = json.loads(shown[name])
            except ValueError:  # damaged: it stays text
                continue
    return shown
