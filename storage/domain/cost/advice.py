"""Whether a card that is rented all the time would have been cheaper for recent orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.domain.cost.offer import DAY_SECONDS, Offer, Tenure
from storage.domain.cost.replay import Arrival, replay
from storage.domain.cost.scaling import ScalingPolicy, cheaper_tenure


@dataclass(frozen=True, slots=True)
class RentalAdvice:
    """What the recent orders would cost a day, in US dollars, by each way to rent."""

    on_demand: float
    fixed: float
    tenure: Tenure


@dataclass(frozen=True, slots=True)
class ServiceBill:
    """How many workers there were, for how many seconds, their price, and how to rent them.

    money is in US dollars. rental is None where there is no fixed card to compare with.
    """

    workers: int
    seconds: float
    money: float
    rental: RentalAdvice | None = None


def advise(
    orders: Sequence[Arrival],
    days: float,
    policy: ScalingPolicy,
    *,
    offers: tuple[Offer, Offer],
    now: Tenure,
) -> RentalAdvice:
    """Return which way to rent is cheaper for these orders of so many days, rented as now.

    offers are one on demand, and a fixed card.
    """
    on_demand, fixed = offers
    played = replay(orders, policy, lambda _: policy.start_seconds)
    daily = sum(on_demand.money(worker.lifetime) for worker in played.workers) / days
    card = fixed.money(DAY_SECONDS)
    return RentalAdvice(daily, card, cheaper_tenure(daily, card, now))
