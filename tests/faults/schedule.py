"""What people order and which faults begin when: the same seed gives the same schedule."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

LEASE = (16.0, 20.0)  # seconds, longer than the lease of a worker
OUTAGE = (1.0, 6.0)
SHORT = (0.3, 2.0)
AT_ONCE = (0.0, 0.0)

DURATIONS: dict[str, tuple[float, float]] = {
    **{f"{who}_kill": AT_ONCE for who in ("bot", "worker", "child", "redis")},
    **{f"{who}_term": AT_ONCE for who in ("bot", "worker", "child", "redis")},
    **{f"{who}_stop": LEASE for who in ("worker", "child")},
    **{f"{who}_stop": (4.0, 18.0) for who in ("bot", "redis")},
    "redis_emptied": AT_ONCE,
    "redis_cut": OUTAGE,
    "redis_half_open": (4.0, 18.0),
    "redis_reply_lost": (2.0, 4.0),
    "store_read_only": (2.0, 8.0),
    "store_full": (2.0, 8.0),
    "database_locked": (2.0, 9.0),
    "database_full": (2.0, 6.0),
    "clock_bot": (5.0, 15.0),
    "clock_worker": (5.0, 15.0),
    "discord_429": OUTAGE,
    "discord_500": OUTAGE,
    "discord_503_login": (3.0, 8.0),
    "discord_413": OUTAGE,
    "discord_10062": SHORT,
    "discord_50083": OUTAGE,
    "discord_200000": OUTAGE,
    "discord_reply_lost": SHORT,
    "gateway_drop": AT_ONCE,
    "gateway_duplicate": OUTAGE,
    "gateway_delay": OUTAGE,
    "deploy_bot": AT_ONCE,
    "deploy_worker": AT_ONCE,
}
"""How many seconds a fault of each kind lasts, from and to."""

KINDS = tuple(DURATIONS)
PACE = 0.27  # seconds between two orders, on average
LEAD = 3.0  # seconds of orders before the first fault


class Action(Enum):
    """How a person orders."""

    COMMAND = "command"
    REPEAT = "repeat"  # the same command as before, which the cache answers
    RETRY = "retry"  # the button
    REACTION = "reaction"
    STORY = "story"  # a form, and several segments
    EXTEND = "extend"  # the button, and its form


WEIGHTS = {
    **{Action.COMMAND: 70, Action.REPEAT: 5, Action.RETRY: 10, Action.REACTION: 6},
    **{Action.STORY: 5, Action.EXTEND: 4},
}
"""How often each is chosen."""


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One order; at is in seconds since the start, earlier the number of the order it repeats.

    cancel_after is how many seconds after the acknowledgement it is cancelled, None for never.
    """

    number: int
    at: float
    person: int
    action: Action
    earlier: int
    pictures: int
    steps: int
    cancel_after: float | None


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault; target chooses among several processes."""

    at: float
    kind: str
    seconds: float
    target: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """All orders and faults, each by time."""

    orders: tuple[PlannedOrder, ...]
    faults: tuple[PlannedFault, ...]
    people: int


def make_schedule(
    jobs: int,
    faults: int,
    seed: int,
    *,
    pace: float = PACE,
    kinds: Sequence[str] = KINDS,
    pause: float | None = None,
) -> Schedule:
    """Plan so many orders, one every `pace` seconds on average, and faults among them.

    Faults overlap at random, or each begins `pause` seconds after the one before has ended.
    """
    generator = random.Random(seed)
    seconds = LEAD + jobs * pace
    people = max(4, jobs // 12)
    times = sorted(generator.uniform(0.0, seconds) for _ in range(jobs))
    orders = tuple(_order(generator, number, at, people) for number, at in enumerate(times))
    chosen = _evenly(generator, kinds, faults)
    begins = sorted(generator.uniform(LEAD, seconds) for _ in chosen)
    planned = [
        PlannedFault(at, kind, generator.uniform(*DURATIONS[kind]), generator.randrange(1000))
        for at, kind in zip(begins, chosen, strict=True)
    ]
    if pause is not None:
        end = LEAD
        for number, fault in enumerate(planned):
            planned[number] = replace(fault, at=end)
            end += fault.seconds + pause
    return Schedule(orders, tuple(planned), people)


def _order(generator: random.Random, number: int, at: float, people: int) -> PlannedOrder:
    [action] = generator.choices([*WEIGHTS], [*WEIGHTS.values()])
    earlier = generator.randrange(max(1, number - 60), number) if number > 1 else -1
    several = action is Action.COMMAND and generator.random() < 0.08
    cancelled = generator.random() < 0.06
    return PlannedOrder(
        number,
        at,
        generator.randrange(people),
        action if earlier >= 0 else Action.COMMAND,
        earlier,
        generator.randint(2, 4) if several else 1,
        generator.randint(2, 6),
        generator.uniform(0.2, 3.0) if cancelled else None,
    )


def _evenly(generator: random.Random, kinds: Sequence[str], count: int) -> list[str]:
    """Return so many kinds in a random order, each as often as the others."""
    rounds = [generator.sample(kinds, len(kinds)) for _ in range(-(-count // len(kinds)))]
    chosen = [kind for each in rounds for kind in each][:count]
    generator.shuffle(chosen)
    return chosen
