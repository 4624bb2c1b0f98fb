"""The comparison switches to a fixed card where that is cheaper, and bills each lifetime."""

from __future__ import annotations

from functools import cache

import pytest

from deploy.cost.comparison import choose_tenures, compare
from deploy.cost.scenario import Scenario, Setup, play
from storage.domain.cost.offer import Offer, PriceUnit, Tenure


@cache
def scenario(trace: str, load: float, start: float = 20.0) -> Scenario:
    return play(Setup(trace, load, start))


def offer(price: float, tenure: Tenure = Tenure.ON_DEMAND, minimum: float = 0.0) -> Offer:
    return Offer("one", "P", "G", tenure, price, PriceUnit.HOUR, "here", "2026", minimum)


FIXED = offer(0.39, Tenure.FIXED)


def test_the_fixed_card_is_chosen_once_a_week_on_demand_would_have_cost_as_much() -> None:
    days = [1.0] * 10 + [12.0] * 20 + [1.0] * 20
    chosen = choose_tenures(days, fixed=9.0)
    assert chosen[:10] == [Tenure.ON_DEMAND] * 10
    assert chosen[20:30] == [Tenure.FIXED] * 10
    assert chosen[40:] == [Tenure.ON_DEMAND] * 10


def test_a_heavy_load_is_served_by_the_fixed_card_and_costs_what_it_costs() -> None:
    row = compare(scenario("steady", 800.0), offer(1.0), FIXED)
    assert (row.fixed_days, row.saving) == (1.0, 0.0)
    assert row.vs_clairvoyant == pytest.approx(1.0)
    assert row.keda_300_s_saving < -0.5  # which does not switch


def test_the_bill_is_the_lifetimes_of_the_counted_workers() -> None:
    played, price = scenario("bursty", 50.0), offer(3600.0)
    row = compare(played, price, offer(3600.0, Tenure.FIXED))
    lives = [w.lifetime for w in played.on_demand.workers if w.started >= 7 * 86_400]
    assert row.money_per_clip * len(played.clips) == pytest.approx(sum(lives))
    assert row.billed_s_per_clip == pytest.approx(row.money_per_clip)  # at $1 a second
    busy = sum(played.arrivals[clip].seconds for clip in played.clips)
    assert row.utilisation == pytest.approx(busy / sum(lives))


def test_a_billing_minimum_is_billed_of_each_start() -> None:
    played = scenario("steady", 50.0)
    low, high = (compare(played, offer(1.0, minimum=at), FIXED) for at in (0.0, 600.0))
    starts = sum(worker.started >= 7 * 86_400 for worker in played.on_demand.workers)
    assert high.money_per_clip * len(played.clips) >= starts * 600 / 3600
    assert high.money_per_clip > 3 * low.money_per_clip


def test_the_bound_is_above_the_saving() -> None:
    row = compare(scenario("evenings", 100.0), offer(0.684), FIXED)
    assert 0.7 < row.saving <= row.bound < 1.0
    assert row.saving > row.keda_300_s_saving + 0.2
