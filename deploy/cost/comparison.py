"""What a trace costs by an offer: on demand, on a fixed card, and as the policy chooses."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.cost.scenario import LEARNING_DAYS, Scenario, day_of
from storage.domain.cost.offer import DAY_SECONDS, Offer, Tenure
from storage.domain.cost.scaling import cheaper_tenure


@dataclass(frozen=True, slots=True)
class Row:
    """One trace by one offer; money is in US dollars, savings are shares of the fixed card's price.

    money_per_clip is all that is billed, starts and idle time included. utilisation is the share of
    the billed time in which clips were made. vs_clairvoyant is what was paid over the least that
    could have been. bound is the saving of that least, which no policy with the same waiting
    exceeds. fixed_days is the share of days on which the policy had chosen the fixed card.
    """

    trace: str
    clips_per_day: float
    provider: str
    gpu: str
    offer: str
    cold_start_s: float
    saving: float
    money_per_clip: float
    billed_s_per_clip: float
    utilisation: float
    wait_p50_s: float
    wait_p95_s: float
    vs_clairvoyant: float
    bound: float
    keda_300_s_saving: float
    fixed_days: float


def compare(scenario: Scenario, offer: Offer, fixed: Offer) -> Row:
    """Return the row of a scenario by an offer and the fixed card beside it."""
    setup, days = scenario.setup, scenario.counted_days
    on_demand = scenario.daily_money(scenario.on_demand, offer)
    seconds = scenario.daily_seconds(scenario.on_demand)
    daily = fixed.money(DAY_SECONDS)
    tenures = choose_tenures(on_demand, daily)
    on_fixed = [day for day in days if tenures[day] is Tenure.FIXED]
    paid = sum(daily if day in on_fixed else on_demand[day] for day in days)
    billed = sum(DAY_SECONDS if day in on_fixed else seconds[day] for day in days)
    whole = daily * len(days)
    least = min(scenario.least * offer.per_second, whole)
    clips = scenario.clips
    waits = _waits(scenario, tenures)
    centiles = statistics.quantiles(waits, n=100, method="inclusive")
    keda = scenario.daily_money(scenario.keda, offer)
    return Row(
        trace=setup.trace,
        clips_per_day=setup.clips_per_day,
        provider=offer.provider,
        gpu=offer.gpu,
        offer=offer.name,
        cold_start_s=setup.cold_start,
        saving=round(1 - paid / whole, 9) + 0.0,  # no -1e-16 where both are one card
        money_per_clip=paid / len(clips),
        billed_s_per_clip=billed / len(clips),
        utilisation=sum(scenario.arrivals[clip].seconds for clip in clips) / billed,
        wait_p50_s=centiles[49],
        wait_p95_s=centiles[94],
        vs_clairvoyant=paid / least,
        bound=1 - least / whole,
        keda_300_s_saving=1 - sum(keda[day] for day in days) / whole,
        fixed_days=len(on_fixed) / len(days),
    )


def choose_tenures(on_demand: Sequence[float], fixed: float) -> list[Tenure]:
    """Return how to rent on each day, by what the days before it would have cost on demand.

    on_demand is the money of each day, fixed that of the card for one day.
    """
    chosen = [Tenure.ON_DEMAND] * min(LEARNING_DAYS, len(on_demand))
    for day in range(LEARNING_DAYS, len(on_demand)):
        recent = on_demand[day - LEARNING_DAYS : day]
        chosen.append(cheaper_tenure(sum(recent), fixed * LEARNING_DAYS, chosen[-1]))
    return chosen


def _waits(scenario: Scenario, tenures: Sequence[Tenure]) -> list[float]:
    """Return how long each counted clip waited until it was begun."""
    found = []
    for clip in scenario.clips:
        at = scenario.arrivals[clip].at
        fixed = tenures[day_of(at, scenario.days)] is Tenure.FIXED
        begun = (scenario.fixed if fixed else scenario.on_demand).begun[clip]
        found.append(begun - at)
    return found
