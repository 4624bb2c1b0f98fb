"""Report: the benchmark's results as one JSON object and as a Markdown table."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version

import torch

from gpu_worker.lab.bench import memory as footprint
from gpu_worker.lab.bench.gpu_estimate import Calculated
from gpu_worker.lab.bench.pipelines import Shape
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint

PACKAGES = ("torch", "diffusers", "transformers")


@dataclass(frozen=True, slots=True)
class Row:
    """One preset beside the stock pipeline."""

    speedup_vs_stock: float
    seconds_per_clip: float
    matrix_peak_share: float
    peak_memory_vs_stock: float
    error_vs_reference: float
    stock_error_vs_reference: float
    distance_from_exact: float
    work_vs_stock: float


@dataclass(frozen=True)
class Subject:
    """The results on one checkpoint and shape."""

    name: str
    shape: Shape
    stock_seconds: float
    presets: dict[str, Row]


@dataclass(frozen=True, slots=True)
class Starts:
    """How quickly an engine is there, and how quickly it stops."""

    load_speedup: float
    first_step_s: float
    cancel_steps_p99: float
    progress_overhead: float


@dataclass(frozen=True)
class Report:
    """The results of one run; what was not measured is empty."""

    device: str
    subjects: list[Subject] = field(default_factory=list)
    levers: dict[str, float] = field(default_factory=dict)
    starts: Starts | None = None
    attention: dict[str, float] = field(default_factory=dict)
    recovery: dict[str, float] = field(default_factory=dict)
    footprints: list[Footprint] = field(default_factory=list)
    min_memory_vs_stock: float | None = None
    calculated: list[Calculated] = field(default_factory=list)
    clock: str = "the clock's"

    def line(self) -> str:
        """Return the run's last line: the first subject's figures, and what holds for all."""
        found = [
            {name: asdict(row) for name, row in subject.presets.items()}
            for subject in self.subjects
        ]
        names = [subject.name for subject in self.subjects]
        said = {
            "device": self.device,
            "presets": found[0] if found else {},
            "levers": self.levers,
            **(asdict(self.starts) if self.starts else {}),
            "min_memory_vs_stock": self.min_memory_vs_stock,
            "attention": self.attention,
            "recovery": self.recovery,
            "footprints": [asdict(row) for row in self.footprints],
            "calculated": [asdict(one) for one in self.calculated],
            "others": dict(zip(names[1:], found[1:], strict=True)),
        }
        return json.dumps(said)

    def markdown(self) -> str:
        """Return the tables for docs/benchmarks.md."""
        versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
        lines = [
            f"### {self.device}",
            "",
            f"{date.today()}, Python {platform.python_version()}, {versions}, "
            f"{torch.get_num_threads()} threads. Seconds are {self.clock}.",
            "",
        ]
        for subject in self.subjects:
            lines += _table(subject)
        for one in self.calculated:
            lines += one.lines()
        for words in (_levers(self), _starts(self), _memory(self), _recovery(self)):
            lines += [*words, ""] if words else []
        return "\n".join(lines)


def _levers(report: Report) -> list[str]:
    lines = []
    if report.levers:
        gains = ", ".join(f"{name} {gain:.2f}" for name, gain in report.levers.items())
        lines.append(f"Times as long without one lever: {gains}.")
    if report.attention:
        times = ", ".join(f"{name} {time:.2f} s" for name, time in report.attention.items())
        lines.append(f"A short clip with each attention kernel: {times}.")
    return lines


def _starts(report: Report) -> list[str]:
    starts = report.starts
    if starts is None:
        return []
    return [
        f"Loading is {starts.load_speedup:.1f} times as quick as `from_pretrained`. A new "
        f"process finishes its first step after {starts.first_step_s:.1f} s. After a cancel at "
        f"most {starts.cancel_steps_p99:.0f} more steps are finished (99 of 100). Progress and "
        f"previews take {100 * starts.progress_overhead:.2f} % of a clip's time."
    ]


def _memory(report: Report) -> list[str]:
    lines = footprint.told(report.footprints) if report.footprints else []
    if report.min_memory_vs_stock is not None:
        share = f"{report.min_memory_vs_stock:.2f}"
        lines += ["", f"With everything given up but the size: {share} of the stock peak."]
    return lines


def _recovery(report: Report) -> list[str]:
    if not report.recovery:
        return []
    found = report.recovery
    return [
        f"With a lack of memory injected at every step a clip takes {found['times_as_long']:.2f} "
        f"times as long; its bytes differ by at most {found['difference']:.0f} of 255."
    ]


def _table(subject: Subject) -> list[str]:
    shape = subject.shape
    head = "error (stock's own) | distance from exact |"
    lines = [
        f"**{subject.name}**, {shape.width} x {shape.height}, {shape.frames} frames, "
        f"{shape.steps} steps with guidance 9. The stock pipeline takes "
        f"{subject.stock_seconds:.1f} s.",
        "",
        f"| preset | seconds | times as quick | work | of peak | memory | {head}",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in subject.presets.items():
        lines.append(
            f"| {name} | {row.seconds_per_clip:.2f} | {row.speedup_vs_stock:.2f} | "
            f"{row.work_vs_stock:.2f} | {100 * row.matrix_peak_share:.0f} % | "
            f"{row.peak_memory_vs_stock:.2f} | {row.error_vs_reference:.1e} "
            f"({row.stock_error_vs_reference:.1e}) | {row.distance_from_exact:.1e} |"
        )
    return [*lines, ""]
