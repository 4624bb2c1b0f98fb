"""Fair order of waiting jobs between their owners.

The owner with the fewest running jobs comes first; among those, the one who was served longest
ago; of one owner's jobs, the oldest. So a new owner passes any number of jobs that another one
queued, and nobody starves, however many new owners come.
"""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace


class FairOrder:
    """Tells whose job is next; an owner is only told from others by counts and times."""

    def __init__(self) -> None:
        """Start without owners."""
        self._heap: list[tuple[int, float, str]] = []
        self._later = 0.0

    def add(self, active: int, turn: float, owner: str) -> None:
        """Add an owner of waiting jobs.

        active is how many of the owner's jobs are dispatched. turn is when the owner was last
        served, or when the oldest of the waiting jobs was ordered if that is later (unix seconds).
        """
        self._later = max(self._later, turn)
        heappush(self._heap, (active, turn, owner))

    def next_owner(self) -> str | None:
        """Return whose job is next; None without owners."""
        return self._heap[0][2] if self._heap else None

    def serve(self) -> None:
        """Take a job of the next owner, who then comes behind everybody served before."""
        active, _, owner = self._heap[0]
        self._later += 1.0
        heapreplace(self._heap, (active + 1, self._later, owner))

    def remove(self) -> None:
        """Take out the next owner, who has no job left."""
        heappop(self._heap)
