"""The benchmark's results as one JSON object and as a section of docs/benchmarks.md."""

from __future__ import annotations

import json
import math
import platform
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path

import torch

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.estimates.gpu_estimate import GpuEstimate
from gpu_worker.lab.bench.peers.deep_cache import PeerComparison
from gpu_worker.lab.bench.product_defaults import DefaultsResult
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint

PACKAGES = ("torch", "diffusers", "transformers")
MARK = "<!-- results -->\n"
"""Stands in the page before the results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetResult:
    """One preset compared with the stock pipeline; errors are NaN until they are measured."""

    speedup_vs_stock: float
    seconds_per_clip: float
    matrix_peak_share: float
    peak_memory_vs_stock: float
    error_vs_reference: float = math.nan
    stock_error_vs_reference: float = math.nan
    distance_from_exact: float = math.nan
    work_vs_stock: float


def _error(share: float) -> str:
    """Return an error as the tables write it."""
    return "not measured" if math.isnan(share) else f"{share:.1e}"


@dataclass(frozen=True)
class CheckpointResult:
    """The results on one checkpoint and shape."""

    name: str
    shape: ClipShape
    stock_seconds: float
    presets: dict[str, PresetResult]

    def markdown(self) -> list[str]:
        """Return the lines of a table."""
        shape = self.shape
        errors = "error (stock's own) | distance from exact |"
        lines = [
            f"**{self.name}**, {shape.width} x {shape.height}, {shape.frames} frames, "
            f"{shape.steps} steps with guidance 9. The stock pipeline takes "
            f"{self.stock_seconds:.1f} s.",
            "",
            f"| preset | seconds | times as quick | work | of peak | memory | {errors}",
            "|---|---|---|---|---|---|---|---|",
        ]
        for name, row in self.presets.items():
            lines.append(
                f"| {name} | {row.seconds_per_clip:.2f} | {row.speedup_vs_stock:.2f} | "
                f"{row.work_vs_stock:.2f} | {100 * row.matrix_peak_share:.0f} % | "
                f"{row.peak_memory_vs_stock:.2f} | {_error(row.error_vs_reference)} "
                f"({_error(row.stock_error_vs_reference)}) | {_error(row.distance_from_exact)} |"
            )
        return [*lines, ""]


@dataclass(frozen=True, slots=True)
class Responsiveness:
    """How quickly an engine loads, starts and cancels, and what its progress costs."""

    load_speedup: float
    first_step_s: float
    cancel_steps_p99: float
    progress_overhead: float

    def markdown(self) -> list[str]:
        """Return a paragraph."""
        return [
            f"Loading is {self.load_speedup:.1f} times as quick as `from_pretrained`. A new "
            f"process finishes its first step after {self.first_step_s:.1f} s. After a cancel at "
            f"most {self.cancel_steps_p99:.0f} more steps are finished (99 of 100). Progress and "
            f"previews take {100 * self.progress_overhead:.2f} % of a clip's time.",
            "",
        ]


@dataclass(frozen=True)
class BenchmarkReport:
    """The results of one run; what was not measured is empty."""

    device: str
    clock: str
    checkpoints: list[CheckpointResult] = field(default_factory=list)
    gains: dict[str, float] = field(default_factory=dict)
    responsiveness: Responsiveness | None = None
    attention: dict[str, float] = field(default_factory=dict)
    recovery: dict[str, float] = field(default_factory=dict)
    footprints: list[Footprint] = field(default_factory=list)
    min_memory_vs_stock: float | None = None
    estimates: list[GpuEstimate] = field(default_factory=list)
    defaults: DefaultsResult | None = None
    peer: PeerComparison | None = None

    def json_line(self) -> str:
        """Return the run's last line: the first checkpoint's figures, and what holds for all."""
        presets = [
            {name: asdict(row) for name, row in checkpoint.presets.items()}
            for checkpoint in self.checkpoints
        ]
        names = [checkpoint.name for checkpoint in self.checkpoints]
        return json.dumps(
            {
                "device": self.device,
                "presets": presets[0] if presets else {},
                "levers": self.gains,
                **(asdict(self.responsiveness) if self.responsiveness else {}),
                "min_memory_vs_stock": self.min_memory_vs_stock,
                "attention": self.attention,
                "recovery": self.recovery,
                "footprints": [asdict(row) for row in self.footprints],
                "defaults": self.defaults.as_json() if self.defaults else {},
                "peer": self.peer.as_json() if self.peer else {},
                "calculated": [asdict(estimate) for estimate in self.estimates],
                "others": dict(zip(names[1:], presets[1:], strict=True)),
            }
        )

    def markdown(self) -> str:
        """Return the section of docs/benchmarks.md."""
        versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
        lines = [
            f"### {self.device}",
            "",
            f"{date.today()}, Python {platform.python_version()}, {versions}, "
            f"{torch.get_num_threads()} threads. Seconds are {self.clock}.",
            "",
        ]
        lines += self.defaults.markdown() if self.defaults else []
        for checkpoint in self.checkpoints:
            lines += checkpoint.markdown()
        lines += self.peer.markdown() if self.peer else []
        for estimate in self.estimates:
            lines += estimate.markdown()
        lines += self._ablation()
        lines += self.responsiveness.markdown() if self.responsiveness else []
        return "\n".join([*lines, *self._memory()])

    def _ablation(self) -> list[str]:
        lines = []
        if self.gains:
            gains = ", ".join(f"{name} {gain:.2f}" for name, gain in self.gains.items())
            lines.append(f"Times as long without one optimization: {gains}.")
        if self.attention:
            times = ", ".join(f"{name} {time:.2f} s" for name, time in self.attention.items())
            lines.append(f"A short clip with each attention kernel: {times}.")
        return [*lines, ""] if lines else []

    def _memory(self) -> list[str]:
        lines = []
        if self.footprints:
            lines += ["| clip | saving | working memory |", "|---|---|---|"]
        for row in self.footprints:
            size = ClipShape(row.width, row.height, row.frames).size
            lines.append(f"| {size} | {row.saving} | {row.work / 2**20:.0f} MiB |")
        if self.min_memory_vs_stock is not None:
            share = f"{self.min_memory_vs_stock:.2f}"
            lines += ["", f"With everything given up but the size: {share} of the stock peak."]
        lines += [""] if lines else []
        if self.recovery:
            longer, difference = self.recovery["times_as_long"], self.recovery["difference"]
            lines.append(
                f"With a lack of memory injected at every step a clip takes {longer:.2f} "
                f"times as long; its bytes differ by at most {difference:.0f} of 255."
            )
        return lines


def write_section(section: str, page: Path) -> None:
    """Put a section among a page's results, in place of the one with the same heading."""
    text = page.read_text(encoding="utf-8") if page.exists() else f"# Benchmarks\n\n{MARK}"
    introduction, _, results = text.partition(MARK)
    heading = section.split("\n", 1)[0]
    sections = [f"### {one.strip()}" for one in ("\n" + results).split("\n### ")[1:]]
    kept = [one for one in sections if one.split("\n", 1)[0] != heading]
    page.parent.mkdir(parents=True, exist_ok=True)
    written = "\n\n".join([*kept, section.strip()])
    page.write_text(f"{introduction}{MARK}\n{written}\n", encoding="utf-8")
