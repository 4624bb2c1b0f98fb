"""How long orders waited, as counts in buckets that grow by a fixed factor."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

STEPS = 4  # buckets from a time to twice that time
BOUNDS: tuple[float, ...] = tuple(2.0 ** (step / STEPS) for step in range(20 * STEPS + 1))
"""The first second of each bucket but the first, up to twelve days: 1 s, 1.19 s, 1.41 s ..."""


def bucket_of(seconds: float) -> int:
    """Return the bucket that a time falls into; 0 is less than a second."""
    return bisect_right(BOUNDS, seconds)


@dataclass(frozen=True, slots=True)
class WaitingTimes:
    """Counts of orders by the bucket of the time from their order to the start of their work."""

    counts: Mapping[int, int] = field(default_factory=dict)

    def quantile(self, share: float) -> float | None:
        """Return the seconds within which this share of the orders was begun; None of none.

        It is the middle of a bucket, at most 9 % off where it is more than a second.
        """
        total = sum(self.counts.values())
        wanted, seen = math.ceil(share * total), 0
        for bucket, count in sorted(self.counts.items()):
            seen += count
            if count > 0 and seen >= wanted:
                return _middle(bucket)
        return None


def _middle(bucket: int) -> float:
    """Return the geometric middle of a bucket, in seconds."""
    if bucket <= 0:
        return BOUNDS[0] / 2
    start = BOUNDS[min(bucket, len(BOUNDS)) - 1]
    return start * math.sqrt(BOUNDS[1])
