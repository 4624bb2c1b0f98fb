"""What on-demand workers cost beside a fixed card: replays invented orders through the policy.

Prints a table for each offer, which aims it meets, and one JSON object as the last line. A clip's
seconds are an assumption, not a measurement: see --clip-seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from deploy.cost.comparison import Row, compare
from deploy.cost.plot import draw
from deploy.cost.report import HEADER, aim_lines, offer_lines, row_line
from deploy.cost.scenario import COUNTED_DAYS, LEARNING_DAYS, Scenario, Setup, play
from deploy.cost.traces import LONGEST_START, SHAPES, mean_start
from storage.domain.cost.offer import Offer, PriceList, Tenure
from storage.prices_file import PricesError, load_prices

LOADS = (20.0, 50.0, 100.0, 200.0, 400.0, 800.0)
COLD_STARTS = (5.0, 20.0, 90.0)
CLIP_SECONDS = (40.0, 60.0)
CLIP_SOURCE = "the founding article, which names no card; not measured here"
OFFERS = ("article", "runpod-flex-24gb", "runpod-flex-a100", "aws-g5")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.cost", description=__doc__)
    add = parser.add_argument
    add("--trace", nargs="+", choices=SHAPES, default=list(SHAPES))
    add("--clips-per-day", nargs="+", type=float, default=LOADS, metavar="N")
    add("--cold-start", nargs="+", type=float, default=COLD_STARTS, help="medians, seconds")
    add("--clip-seconds", nargs=2, type=float, default=CLIP_SECONDS, metavar=("LEAST", "MOST"))
    add("--wait-limit", type=float, default=120.0, help="the policy's, in seconds")
    add("--offer", nargs="+", default=OFFERS, help="rows of the price list; 'all' for all")
    add("--prices", type=Path, help="another price list than deploy/prices.yaml")
    add("--seed", type=int, default=0)
    add("--plot", type=Path, help="draw the break-even into this PNG file")
    return parser.parse_args(arguments)


def chosen_offers(prices: PriceList, names: list[str]) -> Iterator[tuple[Offer, Offer]]:
    """Yield the on-demand offers of these names, each with its fixed card; raise PricesError."""
    for name, offer in prices.offers.items():
        fixed = prices.fixed_for(offer)
        if offer.tenure is Tenure.ON_DEMAND and fixed and {name, "all"} & {*names}:
            yield offer, fixed
    for name in {*names} - {"all"}:
        if name not in prices.offers or not prices.offers[name].fixed:
            raise PricesError(f"--offer {name}: no on-demand offer with a fixed card beside it")


def scenarios(arguments: argparse.Namespace) -> list[Scenario]:
    """Replay every trace."""
    clip_seconds = (arguments.clip_seconds[0], arguments.clip_seconds[1])
    return [
        play(Setup(trace, load, start, clip_seconds, arguments.wait_limit, arguments.seed))
        for start in arguments.cold_start
        for trace in arguments.trace
        for load in arguments.clips_per_day
    ]


def _assumptions(arguments: argparse.Namespace) -> Iterator[str]:
    low, high = arguments.clip_seconds
    given = [low, high] != list(CLIP_SECONDS)
    yield f"A clip takes {low:g} to {high:g} s ({'as given' if given else CLIP_SOURCE})."
    yield "A worker is billed from its start to its end: loading, clips and idle time."
    means = ", ".join(f"{mean_start(one):.0f} s ({one:g} s)" for one in arguments.cold_start)
    yield f"Starts are lognormal up to {LONGEST_START:g} s; means (and medians): {means}."
    yield (
        f"{LEARNING_DAYS} days are learnt from, then at least {COUNTED_DAYS} are counted."
        " bound: the saving of a clairvoyant with the same waiting."
        " KEDA: the saving with its cooldown of 300 s."
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the comparison; return the exit status."""
    options = parse(arguments)
    try:
        offers = list(chosen_offers(load_prices(options.prices), options.offer))
    except PricesError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(_assumptions(options)))
    played, rows = scenarios(options), list[Row]()
    for offer, fixed in offers:
        found = [compare(scenario, offer, fixed) for scenario in played]
        print("", *offer_lines(offer, fixed), HEADER, *map(row_line, found), sep="\n")
        rows += found
    print("", *aim_lines(rows, tuple(options.clip_seconds)), sep="\n")
    if options.plot:
        draw(rows, options.plot)
    print(json.dumps({"rows": [_rounded(row) for row in rows]}))
    return 0


def _rounded(row: Row) -> dict[str, object]:
    values = asdict(row).items()
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values}


if __name__ == "__main__":
    sys.exit(main())
