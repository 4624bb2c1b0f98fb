"""A trace of orders, replayed with on-demand workers, with KEDA's cooldown and on a fixed card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from deploy.cost.clairvoyant import least_seconds
from deploy.cost.traces import arrivals, mean_start, start_times
from storage.domain.cost.offer import DAY_SECONDS, Offer
from storage.domain.cost.replay import Arrival, Replay, WorkerSpan, replay
from storage.domain.cost.scaling import ScalingPolicy

LEARNING_DAYS = 7
"""Days before those that are counted, and how far back the policy looks to choose the tenure."""
COUNTED_DAYS, COUNTED_CLIPS = 14, 1400  # at least
KEDA_COOLDOWN, KEDA_POLLING = 300.0, 30.0  # seconds, by default


@dataclass(frozen=True, slots=True)
class Setup:
    """One trace and what is assumed; cold_start is the median, clip_seconds a range, in seconds."""

    trace: str
    clips_per_day: float
    cold_start: float
    clip_seconds: tuple[float, float] = (40.0, 60.0)
    wait_limit: float = 120.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happened in one trace; times are in seconds.

    on_demand is the policy's replay, keda the same with KEDA's defaults, fixed that of one card
    which is rented all the time. least is what a clairvoyant would be billed for the counted days.
    """

    setup: Setup
    days: int
    arrivals: Sequence[Arrival]
    on_demand: Replay
    keda: Replay
    fixed: Replay
    least: float

    @property
    def counted_days(self) -> range:
        """Return the days that are counted."""
        return range(LEARNING_DAYS, self.days)

    @property
    def clips(self) -> list[int]:
        """Return the numbers of the clips that were ordered on the counted days."""
        return [number for number, one in enumerate(self.arrivals) if is_counted(one.at)]

    def daily_money(self, replayed: Replay, offer: Offer) -> list[float]:
        """Return what the workers that were started on each day are billed."""
        found = [0.0] * self.days
        for worker in replayed.workers:
            found[day_of(worker.started, self.days)] += offer.money(worker.lifetime)
        return found

    def daily_seconds(self, replayed: Replay) -> list[float]:
        """Return the lifetimes of the workers that were started on each day."""
        found = [0.0] * self.days
        for worker in replayed.workers:
            found[day_of(worker.started, self.days)] += worker.lifetime
        return found


def is_counted(moment: float) -> bool:
    """Tell whether a time is on a counted day."""
    return moment >= LEARNING_DAYS * DAY_SECONDS


def day_of(moment: float, days: int) -> int:
    """Return the day of a time; what comes after the last day belongs to it."""
    return min(int(moment // DAY_SECONDS), days - 1)


def play(setup: Setup) -> Scenario:
    """Replay one trace."""
    load, seed = setup.clips_per_day, setup.seed
    days = LEARNING_DAYS + max(COUNTED_DAYS, round(COUNTED_CLIPS / load))
    orders = arrivals(setup.trace, load, days, setup.clip_seconds, seed)
    starts, mean = start_times(setup.cold_start, seed), mean_start(setup.cold_start)
    policy = ScalingPolicy(mean, setup.wait_limit)
    plain = ScalingPolicy(mean, setup.wait_limit, idle_limit=KEDA_COOLDOWN)
    on_demand = replay(orders, policy, starts)
    counted = [
        (begun, order.seconds)
        for begun, order in zip(on_demand.begun, orders, strict=True)
        if is_counted(order.at)
    ]
    begun, seconds = zip(*counted, strict=True)
    return Scenario(
        setup=setup,
        days=days,
        arrivals=orders,
        on_demand=on_demand,
        keda=replay(orders, plain, starts, poll_seconds=KEDA_POLLING),
        fixed=replay(orders, policy, starts, fixed=1),
        least=least_seconds(begun, seconds, _mean_start(on_demand.workers)),
    )


def _mean_start(workers: Sequence[WorkerSpan]) -> float:
    """Return what the counted workers took on average until they were ready."""
    counted = [one for one in workers if is_counted(one.started)]
    return fmean(one.ready - one.started for one in counted)
