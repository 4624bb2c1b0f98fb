"""What one job adds to the sums over jobs; a damaged number adds nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func

from storage.database.tables import BILLED, jobs
from storage.domain.job import Status

LARGEST = 10**9  # of the numbers that are added up
LATEST = 1e11  # of times, in unix seconds
KEY_LENGTH = 64  # of failures

JobRow = Mapping[str, Any]
"""The columns of a job's row by their names."""

TOTALS = (*(status.value for status in Status), "cached", "credits", "saved", "seconds", *BILLED)
"""The columns of sums that owners and days share."""


def contribution(row: JobRow) -> dict[str, Any]:
    """Return what one job adds to the columns of TOTALS, and to what was refunded."""
    made = row["status"] == Status.DONE.value and not row["cached"]
    lost = row["status"] in (Status.FAILED.value, Status.CANCELLED.value)
    return {
        **{status.value: int(row["status"] == status.value) for status in Status},
        "cached": int(row["cached"]),
        "credits": sane(row["cost"]) if made else 0,
        "refunded": sane(row["returned"]) + (sane(row["cost"]) if lost else 0),
        "saved": sane(row["saved"]),
        **{name: sane(row[name]) if made else 0 for name in ("seconds", *BILLED)},
    }


def waited(row: JobRow) -> float | None:
    """Return how long a job waited for the attempt that ended it; None where it had none.

    SQLite returns whole seconds from an UPDATE as integers.
    """
    created, started = row["created"], row["started"]
    numbers = isinstance(created, int | float) and isinstance(started, int | float)
    if row["status"] not in (Status.DONE.value, Status.FAILED.value) or not numbers:
        return None
    return max(0.0, started - created) if 0.0 < started <= LATEST else None


def failure_key(row: JobRow) -> str | None:
    """Return the message key of a failed job's failure; None where there is none to be read."""
    if row["status"] != Status.FAILED.value:
        return None
    try:
        key = json.loads(row["failure"])["key"]
    except (TypeError, ValueError, KeyError):
        return None
    return key if isinstance(key, str) and len(key) <= KEY_LENGTH else None


def job_sums() -> list[ColumnElement[Any]]:
    """Return what contribution adds up to over jobs, in the order of TOTALS, as SQL."""
    made = and_(jobs.c.status == Status.DONE.value, jobs.c.cached.is_(False))
    numbers = ("cost", "saved", "seconds", *BILLED)
    sound = {name: sane_column(jobs.c[name]) for name in numbers}
    return [
        *(func.sum(case((jobs.c.status == status.value, 1), else_=0)) for status in Status),
        func.sum(case((jobs.c.cached.is_(True), 1), else_=0)),
        func.sum(case((made, sound["cost"]), else_=0)),
        func.sum(sound["saved"]),
        *(func.sum(case((made, sound[one]), else_=0)) for one in ("seconds", *BILLED)),
    ]


def sane_column(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the number, or 0 where it is damaged: it must not make the sum of all overflow."""
    return case((column.between(0, LARGEST), column), else_=0)


def sane(value: object) -> float:
    """Return the number as sane_column() does."""
    return value if isinstance(value, int | float) and 0 <= value <= LARGEST else 0
