"""Report: the benchmark's results as one JSON object and as a Markdown table."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version

import torch

from gpu_worker.models.bench.subjects import Shape

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
    levers: dict[str, float]


@dataclass(frozen=True)
class Report:
    """The results of one run."""

    device: str
    subjects: list[Subject]
    load_speedup: float
    first_step_s: float
    cancel_steps_p99: float
    progress_overhead: float
    min_memory_vs_stock: float | None = None
    clock: str = "the clock's"

    def line(self) -> str:
        """Return the run's last line: the first subject's figures, and what holds for all."""
        first = self.subjects[0]
        return json.dumps(
            {
                "device": self.device,
                "presets": {name: asdict(row) for name, row in first.presets.items()},
                "levers": first.levers,
                "load_speedup": self.load_speedup,
                "first_step_s": self.first_step_s,
                "cancel_steps_p99": self.cancel_steps_p99,
                "progress_overhead": self.progress_overhead,
                "min_memory_vs_stock": self.min_memory_vs_stock,
                "others": {
                    other.name: {name: asdict(row) for name, row in other.presets.items()}
                    for other in self.subjects[1:]
                },
            }
        )

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
        lines += [
            f"Loading is {self.load_speedup:.1f} times as quick as `from_pretrained`. A new "
            f"process finishes its first step after {self.first_step_s:.1f} s. After a cancel at "
            f"most {self.cancel_steps_p99:.0f} more steps are finished (99 of 100). Progress and "
            f"previews take {100 * self.progress_overhead:.2f} % of a clip's time.",
            "",
        ]
        return "\n".join(lines)


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
    if subject.levers:
        gains = ", ".join(f"{name} {gain:.2f}" for name, gain in subject.levers.items())
        lines += ["", f"Times as long without one lever: {gains}."]
    return [*lines, ""]
