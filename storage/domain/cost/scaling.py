"""When to start workers, how many, when to stop them, and when a fixed card is cheaper.

Every start is paid for: a worker is billed while it loads the model, and while it is idle. So the
policy starts the fewest workers with which nobody waits longer than the operator lets them, and
keeps an idle one for as long as the gaps between recent orders make that cheaper than a start.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.domain.cost.offer import Tenure

FEW_GAPS = 10  # fewer than this say nothing about the next one
SHORTEST_IDLE, LONGEST_IDLE = 2.0, 900.0  # seconds
FIXED_ABOVE, ON_DEMAND_BELOW = 0.92, 0.82
"""Shares of the fixed card's price; the distance keeps the answer from changing daily."""


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """The work there is, and the workers at hand.

    waiting counts the clips that no worker makes yet. remaining is what each running clip still
    takes. idle counts the live workers without a clip. clip_seconds is what one clip takes. Times
    are in seconds.
    """

    waiting: int
    remaining: tuple[float, ...]
    idle: int
    clip_seconds: float


@dataclass(frozen=True, slots=True)
class ScalingPolicy:
    """Decides by what starts, idle time and waiting cost; times are in seconds.

    start_seconds is how long a worker takes on average from its start to its first clip. wait_limit
    is how much longer than that a clip may wait before another worker is worth its start.
    idle_limit, unless it is None, is how long an idle worker is kept whatever the orders are.
    """

    start_seconds: float
    wait_limit: float = 120.0
    idle_limit: float | None = None

    def wanted(self, load: QueueLoad) -> int:
        """Return how many workers should run in all, those that are starting included.

        It is the least number with which every waiting clip starts within the limits. A worker
        that is not wanted is not to be killed: it ends by itself once it has been idle.
        """
        count, last = len(load.remaining), self.start_seconds + self.wait_limit
        left = load.waiting
        left -= sum(_clips_until(last - seconds, load.clip_seconds) for seconds in load.remaining)
        for _ in range(load.idle):
            if left <= 0:
                break
            left -= _clips_until(last, load.clip_seconds)
            count += 1
        if left > 0:
            count += math.ceil(left / _clips_until(self.wait_limit, load.clip_seconds))
        return max(count, 1 if load.waiting else 0)

    def idle_seconds(self, gaps: Sequence[float]) -> float:
        """Return how long an idle worker waits for an order before it ends.

        gaps are the recent times from the end of all work to the next order. The result is the
        time with which these gaps would have cost least; with few of them it is that of a start,
        which costs at most twice what knowing the future would.
        """
        if self.idle_limit is not None:
            return self.idle_limit
        few = len(gaps) < FEW_GAPS
        chosen = self.start_seconds if few else self._cheapest_idle(sorted(gaps))
        return min(max(chosen, SHORTEST_IDLE), LONGEST_IDLE)

    def _cheapest_idle(self, gaps: Sequence[float]) -> float:
        best, chosen, bridged = len(gaps) * self.start_seconds, 0.0, 0.0
        for number, gap in enumerate(gaps, 1):
            if gap > LONGEST_IDLE:
                break
            bridged += gap
            cost = bridged + (len(gaps) - number) * (gap + self.start_seconds)
            if cost < best:
                best, chosen = cost, gap
        return chosen


def gaps_between(spans: Iterable[tuple[float, float]]) -> list[float]:
    """Return the times without any work, from when orders came and ended, sorted by when they came.

    Times are in seconds; an order that came before all earlier ones had ended leaves no gap.
    """
    found, busy_until = list[float](), math.inf
    for came, ended in spans:
        if came > busy_until:
            found.append(came - busy_until)
        busy_until = ended if busy_until == math.inf else max(busy_until, ended)
    return found


def cheaper_tenure(on_demand: float, fixed: float, now: Tenure) -> Tenure:
    """Return which way to rent is cheaper, given what both cost for the same recent work.

    now is the present way: it is left only for a clear difference.
    """
    if now is Tenure.ON_DEMAND:
        return Tenure.FIXED if on_demand > FIXED_ABOVE * fixed else Tenure.ON_DEMAND
    return Tenure.ON_DEMAND if on_demand < ON_DEMAND_BELOW * fixed else Tenure.FIXED


def _clips_until(seconds: float, clip_seconds: float) -> int:
    """Return how many clips a worker that is free now begins within so many seconds."""
    return 0 if seconds < 0 else int(seconds // max(clip_seconds, 0.001)) + 1
