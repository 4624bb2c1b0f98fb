"""The price list is read whole, and whatever is wrong with it is named by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.domain.cost.offer import DAY_SECONDS, Offer, PriceUnit, Tenure
from storage.prices_file import PricesError, load_prices

ROW = "{provider: P, gpu: G, tenure: on_demand, price: 1, per: hour, source: S, date: 2026}"


def test_the_list_that_is_shipped_is_whole() -> None:
    prices = load_prices()
    assert prices.offers["runpod-flex-24gb"].per_second == 0.00019
    for name, offer in prices.offers.items():
        assert offer.name == name
        assert offer.source
        assert offer.date >= "2025"
        assert (prices.fixed_for(offer) is None) == (not offer.fixed)
    fixed = prices.fixed_for(prices.offers["article"])
    assert fixed is not None
    assert fixed.money(30 * DAY_SECONDS) == pytest.approx(1500)


def test_it_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_prices()
    monkeypatch.chdir(tmp_path)
    assert load_prices() == shipped


def test_a_start_is_billed_its_minimum() -> None:
    offer = Offer(*("one", "P", "G"), Tenure.ON_DEMAND, 3600.0, PriceUnit.HOUR, "S", "2026", 60.0)
    assert [offer.money(seconds) for seconds in (0.0, 30.0, 60.0, 61.0)] == [60, 60, 60, 61]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("offers: {a: 1}", "offers.a"),
        ("offers: {a: " + ROW.replace("price: 1", "price: 0") + "}", "offers.a"),
        ("offers: {a: " + ROW.replace("price: 1", "prize: 1") + "}", "offers.a.price: missing"),
        ("offers: {a: " + ROW.replace("per: hour", "per: week") + "}", "offers.a.per"),
        (
            "offers: {a: " + ROW.replace("date: 2026", "date: 2026, fixed: b") + "}",
            "offers.a.fixed",
        ),
        (
            "offers: {a: " + ROW.replace("date: 2026", "date: 2026, fixed: a") + "}",
            "offers.a.fixed",
        ),
        ("offers: [", "prices.yaml"),
        ("", "PriceList"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PricesError, match=place) as found:
        load_prices(file)
    assert "\n" not in str(found.value)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(PricesError, match=r"nowhere\.yaml cannot be read"):
        load_prices(tmp_path / "nowhere.yaml")
