"""DeepCache, which reuses deep features in the stock pipeline, beside the engine."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from typing import Any

from torch import Tensor

from gpu_worker.lab.bench.accuracy import relative_error, starting_from
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair, engine_latents
from gpu_worker.lab.bench.stock_pipeline import StockPipeline
from gpu_worker.lab.bench.timing import alternate
from storage.domain.request import Preset

PACKAGE = "DeepCache"
STOCK = "stock"
INTERVAL = 2
"""Of so many steps one computes deep features afresh, as in `draft`."""


@dataclass(frozen=True, slots=True)
class PeerRow:
    """One program's seconds for a clip's latents, and how far they are from the stock pipeline's.

    distance is a root mean square difference as a share of the stock latents' size.
    """

    seconds: float
    speedup_vs_stock: float
    distance_from_stock: float


@dataclass(frozen=True, slots=True)
class PeerComparison:
    """What each program took for the same latents; without the package there are no rows."""

    size: str = ""
    steps: int = 0
    rows: dict[str, PeerRow] = field(default_factory=dict)

    def markdown(self) -> list[str]:
        """Return the lines of a table, or of what is missing."""
        if not self.rows:
            return [f"{PACKAGE} is not installed, so no other program was compared.", ""]
        lines = [
            f"The same latents by other programs ({self.size}, {self.steps} steps, no decoding):",
            "",
            "| program | seconds | times as quick | distance from stock |",
            "|---|---|---|---|",
        ]
        for name, row in self.rows.items():
            lines.append(
                f"| {name} | {row.seconds:.2f} | {row.speedup_vs_stock:.2f} | "
                f"{row.distance_from_stock:.1e} |"
            )
        return [*lines, ""]

    def as_json(self) -> dict[str, object]:
        """Return the fields by name."""
        return asdict(self)


def compare_peer(pair: PipelinePair, shape: ClipShape, rounds: int) -> PeerComparison:
    """Denoise one clip alternately by the stock pipeline, by DeepCache on it, and by the engine.

    All have the same weights, noise and steps. The engine does so with and without reuse.
    """
    try:
        helper = importlib.import_module(PACKAGE).DeepCacheSDHelper
    except ImportError:
        return PeerComparison()
    reusing = replace(pair.engine.presets[Preset.EXACT], reuse=INTERVAL)
    exact = partial(engine_latents, pair.engine, shape, Preset.EXACT)
    programs: dict[str, Callable[[], Tensor]] = {
        STOCK: partial(pair.stock.latents, shape),
        f"{PACKAGE} {version(PACKAGE)}": partial(_cached_latents, helper, pair.stock, shape),
        "ours": exact,
        "ours, with reuse": partial(exact, row=reusing),
    }
    latents: dict[str, Tensor] = {}

    def keep(name: str) -> None:
        latents[name] = programs[name]()

    with starting_from(pair.stock, shape, shape.request().seed):
        timings = alternate(
            pair.device,
            {name: partial(keep, name) for name in programs},
            rounds,
            pair.clock,
            lambda name: pair.move_to_device("engine" if name.startswith("ours") else STOCK),
        )
    rows = {
        name: PeerRow(
            seconds=timings.median(name),
            speedup_vs_stock=timings.ratio(STOCK, name),
            distance_from_stock=relative_error(latents[name], latents[STOCK]),
        )
        for name in programs
    }
    return PeerComparison(shape.size, shape.steps, rows)


def _cached_latents(helper: Callable[..., Any], stock: StockPipeline, shape: ClipShape) -> Tensor:
    """Return the stock pipeline's latents with DeepCache in it, which is taken out afterwards."""
    cache = helper(pipe=stock.pipeline)
    cache.set_params(cache_interval=INTERVAL, cache_branch_id=0)
    cache.enable()
    try:
        return stock.latents(shape)
    finally:
        cache.disable()
