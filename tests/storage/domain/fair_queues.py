"""The fair order of a flat list of jobs, worked out from all of them at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from storage.domain.fairness import FairOrder


class Ordered(Protocol):
    """What the order depends on: id, owner, and when it was ordered (unix seconds)."""

    @property
    def id(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def created(self) -> float: ...


Entry = TypeVar("Entry", bound=Ordered)


def next_jobs(
    waiting: Sequence[Entry],
    running: Sequence[Ordered],
    limit: int,
    last_served: Mapping[str, float] | None = None,
) -> list[Entry]:
    """Return at most limit of the waiting jobs in the order in which to dispatch them.

    running are the jobs that are dispatched already; last_served maps each owner to when one of
    their jobs was last dispatched.
    """
    by_owner: dict[str, list[Entry]] = defaultdict(list)
    for job in sorted(waiting, key=lambda job: (job.created, job.id)):
        by_owner[job.owner].append(job)
    active, last = Counter(job.owner for job in running), last_served or {}
    order = FairOrder()
    for owner, jobs in by_owner.items():
        order.add(active[owner], max(last.get(owner, 0.0), jobs[0].created), owner)
    chosen: list[Entry] = []
    while len(chosen) < limit and (next_owner := order.next_owner()) is not None:
        if by_owner[next_owner]:
            chosen.append(by_owner[next_owner].pop(0))
            order.serve()
        else:
            order.remove()
    return chosen
