"""The sums by server, day, person and model, added up again from the jobs and the ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.tables import USAGE, ledger, usage_counts, usage_days
from storage.database.usage.contribution import contribution
from storage.domain.quota import day_of
from storage.domain.usage.waiting_times import bucket_of

Rows = list[dict[str, Any]]


async def rows_of(engine: AsyncEngine, table: Any) -> Rows:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(table))).mappings()]


async def check_usage(engine: AsyncEngine, rows: Rows) -> None:
    """Compare the sums by server, day, person and model with the jobs and the ledger."""
    guilds = {str(row["guild"]): "owner" for row in rows}
    expected = recounted(rows, guilds | {"*": "guild"})
    found = await rows_of(engine, usage_days)
    keys = usage_days.primary_key.columns.keys()
    by_key = {tuple(row.pop(name) for name in keys): row for row in found}
    assert {key: row for key, row in by_key.items() if any(row.values())} == {
        key: pytest.approx(row) for key, row in expected.items() if any(row.values())
    }
    given_back = -sum(
        row["credits"]
        for row in await rows_of(engine, ledger)
        if row["entry"] in ("refund", "reduce")
    )
    for whole in (True, False):
        sums = [row["refunded"] for key, row in by_key.items() if (key[0] == "*") is whole]
        assert sum(sums) == given_back > 0
    counts = {
        tuple(row.values())[:4]: row["count"]
        for row in await rows_of(engine, usage_counts)
        if row["count"]
    }
    assert counts == counted(rows)
    assert counts


def recounted(rows: Rows, subjects: Mapping[str, str]) -> dict[Any, dict[str, float]]:
    """Return the sums of usage_days by their keys, from the jobs."""
    found: dict[Any, dict[str, float]] = {}
    for scope, subject in subjects.items():
        for row in rows:
            if scope in ("*", row["guild"]):
                key = (scope, day_of(row["created"]), row[subject], row["model"])
                sums = found.setdefault(key, dict.fromkeys(USAGE, 0))
                for name in USAGE:
                    sums[name] += contribution(row)[name]
    return found


def counted(rows: Rows) -> Counter[Any]:
    """Return the counts of usage_counts by their keys, from the jobs."""
    found: Counter[Any] = Counter()
    for row in rows:
        for scope in ("*", row["guild"]):
            day = day_of(row["created"])
            if row["status"] == "failed":
                found[scope, day, "failure", json.loads(row["failure"])["key"]] += 1
            if row["status"] in ("done", "failed") and row["started"]:
                waited = max(0.0, row["started"] - row["created"])
                found[scope, day, "waiting", str(bucket_of(waited))] += 1
    return found
