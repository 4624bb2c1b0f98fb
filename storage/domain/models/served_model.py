"""What a worker serves, as it announces it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A row of the catalogue by its name, the source of its weights, and the row's revision.

    source is `embedded`, a hub id with its revision, or the name of a folder. Empty and 0 stand
    for what an earlier release did not tell.
    """

    name: str
    source: str = ""
    revision: int = 0


def by_name(workers: Mapping[ServedModel, int]) -> Counter[str]:
    """Return how many of these workers there are for each model."""
    found = Counter[str]()
    for served, count in workers.items():
        found[served.name] += count
    return found
