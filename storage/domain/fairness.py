"""Fair order of waiting jobs between their owners.

The owner with the fewest running jobs comes first; among those, the one who was served longest
ago; of one owner's jobs, the oldest. So a new owner passes any number of jobs that another one
queued, and nobody starves, however many new owners come.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heapreplace
from typing import Protocol, TypeVar


class Waiting(Protocol):
    """What the order depends on: id, owner, and when it was ordered (unix seconds)."""

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
    limit: int,
    last_served: Mapping[str, float] | None = None,
) -> list[Entry]:
    """Return at most limit jobs in the order in which to dispatch them.

    running are the jobs that are dispatched already; last_served maps each owner to when one of
    their jobs was last dispatched (unix seconds).
    """
    queues: dict[str, deque[Entry]] = defaultdict(deque)
    for job in sorted(waiting, key=lambda job: (job.created, job.id)):
        queues[job.owner].append(job)
    active = Counter(job.owner for job in running)
    last = dict(last_served or {})
    later = max((*last.values(), *(job.created for job in waiting), 0.0))
    heap = [
        (active[owner], max(last.get(owner, 0.0), queue[0].created), owner)
        for owner, queue in queues.items()
    ]
    heapify(heap)
    chosen: list[Entry] = []
    while heap and len(chosen) < limit:
        count, _, owner = heap[0]
        chosen.append(queues[owner].popleft())
        if queues[owner]:
            later += 1.0  # later than every owner that was served before
            heapreplace(heap, (count + 1, later, owner))
        else:
            heappop(heap)
    return chosen
