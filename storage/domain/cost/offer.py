"""Prices of graphics cards, as providers offer them; see deploy/prices.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

DAY_SECONDS = 86_400.0


class Tenure(StrEnum):
    """How a card is rented: while it is used, or all the time."""

    ON_DEMAND = "on_demand"
    FIXED = "fixed"


class PriceUnit(StrEnum):
    """The time that a price is for; a month has 30 days."""

    SECOND = "second"
    HOUR = "hour"
    MONTH = "month"


SECONDS = {
    PriceUnit.SECOND: 1.0,
    PriceUnit.HOUR: 3600.0,
    PriceUnit.MONTH: 30 * DAY_SECONDS,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One provider's price of one card, in US dollars.

    minimum_seconds is what each start of a worker is billed at least. fixed names the offer of a
    card that is rented all the time, to compare with. source and date say where the price stood.
    """

    name: str
    provider: str
    gpu: str
    tenure: Tenure
    price: float
    per: PriceUnit
    source: str
    date: str
    minimum_seconds: float = 0.0
    fixed: str = ""

    @property
    def per_second(self) -> float:
        """Return the price of a second."""
        return self.price / SECONDS[self.per]

    def billed_seconds(self, seconds: float) -> float:
        """Return what is billed of a worker that ran for so many seconds."""
        return max(seconds, self.minimum_seconds)

    def money(self, seconds: float) -> float:
        """Return the price of a worker that ran for so many seconds."""
        return self.billed_seconds(seconds) * self.per_second


@dataclass(frozen=True, slots=True)
class PriceList:
    """The offers by their names."""

    offers: Mapping[str, Offer]

    def fixed_for(self, offer: Offer) -> Offer | None:
        """Return the offer of the card that this one is compared with, if it names one."""
        return self.offers.get(offer.fixed)
