"""The tables that `python -m deploy.cost` prints, and which of the aims they meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy.cost.comparison import Row
from storage.domain.cost.offer import DAY_SECONDS, Offer

LOW_LOADS = (20, 50, 100)
PLAIN_TRACES = ("steady", "bursty")
SAVING, CLAIRVOYANT_SHARE, CLIP_PRICE = 0.7, 1.1, 0.02
CHEAP_OFFER = "runpod-flex-24gb"

HEADER = (
    f"{'trace':9}{'clips/day':>9}{'start s':>8}{'saving':>8}{'bound':>7}{'KEDA':>7}"
    f"{'$/clip':>9}{'billed s':>9}{'busy':>6}{'wait p50':>9}{'p95':>7}{'/least':>8}  rented"
)


def offer_lines(offer: Offer, fixed: Offer) -> Iterator[str]:
    """Yield what an offer costs, and up to which share of the day it saves."""
    ratio = offer.per_second / fixed.per_second
    yield f"{offer.name}: {offer.provider}, {offer.gpu}"
    for one in (offer, fixed):
        yield f"  {one.tenure.value}: ${one.price:g} a {one.per.value} ({one.date}; {one.source})"
    yield (
        f"  fixed: ${fixed.money(DAY_SECONDS):.2f} a day; on demand is cheaper up to"
        f" {min(1.0, 1 / ratio):.0%} of the day billed, {SAVING:.0%} cheaper up to"
        f" {(1 - SAVING) / ratio:.1%}"
    )


def row_line(row: Row) -> str:
    """Return one row of the table under HEADER."""
    rented = f"fixed on {row.fixed_days:.0%} of days" if row.fixed_days else "on demand"
    return (
        f"{row.trace:9}{row.clips_per_day:9g}{row.cold_start_s:8g}{row.saving:8.1%}{row.bound:7.0%}"
        f"{row.keda_300_s_saving:7.0%}{row.money_per_clip:9.4f}{row.billed_s_per_clip:9.0f}"
        f"{row.utilisation:6.0%}{row.wait_p50_s:9.0f}{row.wait_p95_s:7.0f}"
        f"{row.vs_clairvoyant:8.3f}  {rented}"
    )


def aim_lines(rows: Sequence[Row], clip_seconds: tuple[float, float]) -> Iterator[str]:
    """Yield each aim with the rows that miss it, and the bound that they cannot exceed."""
    low = [r for r in rows if r.clips_per_day in LOW_LOADS and r.trace in PLAIN_TRACES]
    missed = [row for row in low if row.saving < SAVING]
    yield f"at least {SAVING:.0%} cheaper: {len(low) - len(missed)} of {len(low)} rows at" + (
        f" {', '.join(map(str, LOW_LOADS))} clips a day, steady or bursty"
    )
    for row in missed:
        why = "none with the same waiting can" if row.bound < SAVING else "a clairvoyant could"
        yield f"  {_name(row)}: {row.saving:.1%}; the bound is {row.bound:.1%}, so {why}"
    dearer = [row for row in rows if row.saving < 0]
    yield f"never dearer than the fixed card: {len(rows) - len(dearer)} of {len(rows)} rows"
    yield from (f"  {_name(row)}: {row.saving:.1%}" for row in dearer)
    far = [row for row in low if row.vs_clairvoyant > CLAIRVOYANT_SHARE]
    worst = max((row.vs_clairvoyant for row in low), default=1.0)
    yield f"within 10 % of the clairvoyant: {len(low) - len(far)} of {len(low)}, worst {worst:.3f}"
    for row in rows:
        if (row.offer, row.trace, row.clips_per_day) == (CHEAP_OFFER, "steady", 50):
            yield _price_line(row, clip_seconds)


def _price_line(row: Row, clip_seconds: tuple[float, float]) -> str:
    word = "met" if row.money_per_clip <= CLIP_PRICE else "missed"
    least = row.money_per_clip / row.vs_clairvoyant
    low, high = clip_seconds
    return (
        f"${CLIP_PRICE} a clip at 50 a day, 24 GB, starts of {row.cold_start_s:g} s: {word},"
        f" ${row.money_per_clip:.4f} (the least is ${least:.4f}); assumed: clips of {low:g} to"
        f" {high:g} s"
    )


def _name(row: Row) -> str:
    return (
        f"{row.offer}, {row.trace}, {row.clips_per_day:g} a day, starts of {row.cold_start_s:g} s"
    )
