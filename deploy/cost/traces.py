"""Invented orders: when they come, how long their clips take, and how long a worker's start takes.

All of it is drawn from seeded generators, so that every run prints the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random

from storage.domain.cost.offer import DAY_SECONDS
from storage.domain.cost.replay import Arrival

BURST_CLIPS = 6  # on average
BURST_GAP_SECONDS = 20.0  # between two orders of a burst, on average
EVENING_HOURS = (18, 24)
EVENING_SHARE = 0.7  # of a day's orders
START_SIGMA = 1.0
"""Spread of the starts' logarithm: of a hundred starts one takes ten times the median."""
LONGEST_START = 420.0  # seconds; the longest that was seen at a provider with snapshots (7 min)


def steady(random: Random, clips_per_day: float, days: int) -> Iterator[float]:
    """Yield the times of orders that are as likely at any hour."""
    moment = random.expovariate(clips_per_day / DAY_SECONDS)
    while moment < days * DAY_SECONDS:
        yield moment
        moment += random.expovariate(clips_per_day / DAY_SECONDS)


def bursty(random: Random, clips_per_day: float, days: int) -> Iterator[float]:
    """Yield the times of orders that come in bursts, as when one person's clip draws others."""
    for burst in steady(random, clips_per_day / BURST_CLIPS, days):
        moment = burst
        while True:
            yield moment
            if random.random() < 1 / BURST_CLIPS:
                break
            moment += random.expovariate(1 / BURST_GAP_SECONDS)


def evenings(random: Random, clips_per_day: float, days: int) -> Iterator[float]:
    """Yield the times of orders most of which come in the evening."""
    first, last = EVENING_HOURS
    length = (last - first) / 24
    dense, sparse = EVENING_SHARE / length, (1 - EVENING_SHARE) / (1 - length)
    for moment in steady(random, clips_per_day * dense, days):
        evening = first <= moment % DAY_SECONDS / 3600 < last
        if evening or random.random() < sparse / dense:
            yield moment


SHAPES: dict[str, Callable[[Random, float, int], Iterator[float]]] = {
    "steady": steady,
    "bursty": bursty,
    "evenings": evenings,
}


def arrivals(
    shape: str, clips_per_day: float, days: int, clip_seconds: tuple[float, float], seed: int = 0
) -> list[Arrival]:
    """Return the orders of so many days, sorted by time; a clip takes a time in this range."""
    random = Random(f"{shape} {clips_per_day} {seed}")
    moments = sorted(SHAPES[shape](random, clips_per_day, days))
    return [Arrival(moment, random.uniform(*clip_seconds)) for moment in moments]


def start_times(median: float, seed: int = 0) -> Callable[[int], float]:
    """Return the seconds that the worker of a number takes to start, in any order of the numbers.

    They are lognormal, cut off at the longest start that was seen.
    """

    def seconds(number: int) -> float:
        draw = Random(f"start {seed} {number}").gauss(0.0, START_SIGMA)
        return min(LONGEST_START, median * math.exp(draw))

    return seconds


def mean_start(median: float) -> float:
    """Return the mean of start_times, which is above the median for its long tail."""
    upper = (math.log(LONGEST_START / median)) / START_SIGMA
    below = _normal(upper - START_SIGMA) * math.exp(START_SIGMA**2 / 2)
    return median * below + LONGEST_START * (1 - _normal(upper))


def _normal(value: float) -> float:
    """Return the standard normal distribution's share below a value."""
    return 0.5 * math.erfc(-value / math.sqrt(2))
