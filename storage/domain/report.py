"""Report: what was ordered, spent and saved, by one person or by all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.domain.job import Status
from storage.domain.quota import Allowance


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of jobs by status, credits, and the seconds that workers spent on finished clips.

    credits is what finished clips cost; saved is what clips from the cache would have cost.
    owners is how many people it covers. allowance is None in a report on everybody.
    """

    counts: Mapping[Status, int]
    credits: int
    saved: int
    cached: int
    seconds: float
    owners: int
    allowance: Allowance | None = None
