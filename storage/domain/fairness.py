"""Fairness: which waiting job goes next, so that nobody's queue is in another's way.

Whoever has the fewest jobs at the workers goes first; among those, whoever has waited longest
since they were last served; and of one person's jobs the oldest. A newcomer thus passes any
number of jobs that one person queued, and nobody waits for ever, however many newcomers come.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heapreplace
from typing import Protocol, TypeVar


class Waiting(Protocol):
    """What fairness looks at: whose job it is and when it was ordered (unix seconds)."""

    @property
    def id(self) -> str: ...  # noqa: D102  # the class says it
    @property
    def owner(self) -> str: ...  # noqa: D102
    @property
    def created(self) -> float: ...  # noqa: D102


Entry = TypeVar("Entry", bound=Waiting)


def next_jobs(
    waiting: Sequence[Entry],
    running: Sequence[Waiting],
    room: int,
    served: Mapping[str, float] | None = None,
) -> list[Entry]:
    """Return the jobs to hand out now, in their order, at most as many as there is room for.

    running are the jobs at the workers or on their way; served tells when (unix seconds) each
    person was last handed a worker.
    """
    lines: dict[str, deque[Entry]] = defaultdict(deque)
    for job in sorted(waiting, key=lambda job: (job.created, job.id)):
        lines[job.owner].append(job)
    at_work = Counter(job.owner for job in running)
    last = dict(served or {})
    later = max((*last.values(), *(job.created for job in waiting), 0.0))
    turns = [
        (at_work[owner], max(last.get(owner, 0.0), line[0].created), owner)
        for owner, line in lines.items()
    ]
    heapify(turns)
    chosen: list[Entry] = []
    while turns and len(chosen) < room:
        count, _, owner = turns[0]
        chosen.append(lines[owner].popleft())
        if lines[owner]:
            later += 1.0  # whoever is served now was served after everybody else
            heapreplace(turns, (count + 1, later, owner))
        else:
            heappop(turns)
    return chosen
