"""Read the price list, deploy/prices.yaml, or say in one line which of its places is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from storage.codec import CodecError
from storage.domain.cost.offer import PriceList, Tenure
from storage.yaml_file import find_file, read_yaml

FILE = "deploy/prices.yaml"


class PricesError(ValueError):
    """The price list is missing or wrong; the message is for whoever runs the service."""


def load_prices(path: Path | None = None) -> PriceList:
    """Read the price list from a file; without one from here, or from beside the package."""
    chosen = path or find_file(FILE, Path(__file__).parents[1])
    return read_yaml(chosen, PriceList, _expanded, _check, PricesError)


def _expanded(data: Any) -> Any:
    """Give each offer its key as name, and its date as text."""
    if not isinstance(data, dict) or not isinstance(data.get("offers"), dict):
        return data
    offers = {}
    for name, row in data["offers"].items():
        if isinstance(row, dict):
            offers[str(name)] = {"name": str(name)} | row
            if isinstance(row.get("date"), date | int):  # as YAML reads a day or a year
                offers[str(name)]["date"] = str(row["date"])
        else:
            offers[str(name)] = row
    return data | {"offers": offers}


def _check(prices: PriceList) -> None:
    """Raise CodecError for a price that is none, or a fixed offer that is not there."""
    for name, offer in prices.offers.items():
        if offer.price <= 0 or offer.minimum_seconds < 0:
            raise CodecError(f"offers.{name}: a price must be above 0, a minimum not below 0")
        if offer.fixed:
            fixed = prices.fixed_for(offer)
            if fixed is None or fixed.tenure is not Tenure.FIXED:
                raise CodecError(
                    f"offers.{name}.fixed: {offer.fixed!r} is no offer of a fixed card"
                )
