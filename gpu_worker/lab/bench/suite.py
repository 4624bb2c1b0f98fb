"""Parts: what a run of the benchmark measures, each part on its own or all in a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch

from gpu_worker.lab.bench import accuracy
from gpu_worker.lab.bench import gpu_estimate as calculated
from gpu_worker.lab.bench import memory as footprint
from gpu_worker.lab.bench import pipelines as subjects
from gpu_worker.lab.bench import responsiveness as pieces
from gpu_worker.lab.bench import timing as meter
from gpu_worker.lab.bench.pipelines import Pair, Shape
from gpu_worker.lab.bench.report import Report, Row, Starts, Subject
from gpu_worker.models.i2vgen_xl.checkpoint import random_modules
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import write_checkpoint
from gpu_worker.models.i2vgen_xl.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from storage.catalogue_file import load_catalogue
from storage.domain.request import Preset

SAVINGS = (MemoryMode.NONE, MemoryMode.SLICES, MemoryMode.HALVES)
"""What can be taken back, so that it is measured one after the other."""


@dataclass(frozen=True)
class Task:
    """What is measured on one checkpoint: whole clips, and the errors of short ones."""

    name: str
    clips: Shape
    errors: Shape
    rounds: int


@dataclass(frozen=True)
class Bench:
    """One run: where, how long, and with which clock; steps and rounds of 0 leave the choice.

    keep is given what was measured so far, as soon as there is more of it.
    """

    device: torch.device
    scratch: Path
    clock: meter.Clock
    source: str = "embedded"
    steps: int = 0
    rounds: int = 0
    quick: bool = False
    compiled: bool = True
    keep: Callable[[Report], None] = lambda _report: None

    @property
    def gpu(self) -> bool:
        """Tell whether this is a GPU, on which the full size is measured."""
        return self.device.type == "cuda"

    @cached_property
    def pair(self) -> Pair:
        """Load the checkpoint that most is measured on: the full size or the embedded one."""
        if not self.gpu:
            return Pair.load(locate(self.source), self.device, Optimizations(), self.clock)
        levers = Optimizations(compiled=self.compiled)
        return Pair.load(self.blank("full"), self.device, levers, self.clock)

    def blank(self, name: str) -> Path:
        """Return a checkpoint with random weights, written where it is not there yet."""
        folder = self.scratch / name
        if not (folder / "model_index.json").is_file():
            size = {"full": random_modules.FULL, "middle": random_modules.MIDDLE}[name]
            write_checkpoint(folder, size, device=str(self.device))
        return folder

    @property
    def short(self) -> Shape:
        """Return a clip of few steps, for what is compared by the step."""
        return Shape(512, 512, 16, 4) if self.gpu else Shape(64, 64, 16, 2)


def clips(bench: Bench, report: Report) -> Report:
    """Measure whole clips at the size that people use most."""
    if bench.gpu:
        whole = Shape(512, 512, 16, bench.steps or 50)
        task = Task("full size, random, 512p", whole, bench.short, bench.rounds or 3)
    else:
        side, frames = (64, 8) if bench.quick else (128, 16)
        whole = Shape(side, side, frames, bench.steps or 25)
        errors = Shape(64, 64, 8, 5 if bench.quick else 12)
        task = Task("embedded", whole, errors, bench.rounds or (1 if bench.quick else 2))
    return _with_subject(bench, report, bench.pair, task)


def large(bench: Bench, report: Report) -> Report:
    """Measure larger clips, or on a processor a larger model."""
    if bench.gpu:
        whole = Shape(768, 768, 24, bench.steps or 50)
        task = Task("full size, random, 768p", whole, bench.short, 1)
        return _with_subject(bench, report, bench.pair, task)
    middle = Pair.load(bench.blank("middle"), bench.device, Optimizations(), bench.clock)
    shape = Shape(64, 64, 8, 5)
    return _with_subject(bench, report, middle, Task("mid-size, random", shape, shape, 1))


def levers(bench: Bench, report: Report) -> Report:
    """Measure each lever and, on a GPU, each attention kernel."""
    rounds = bench.rounds or 3
    bench.pair.seat("own")
    # What is saved on large maps does not show on small ones.
    shape = bench.short if bench.gpu or bench.quick else Shape(128, 128, 16, 2)
    gains: dict[str, float] = {}
    for name, gain in pieces.levers(bench.pair, shape, rounds):
        gains[name] = gain
        bench.keep(replace(report, levers=gains))
    kernels = pieces.attention(bench.pair, bench.short, rounds) if bench.gpu else {}
    return replace(report, levers=gains, attention=kernels)


def starts(bench: Bench, report: Report) -> Report:
    """Measure how quickly an engine is there, hears a cancel, and tells its progress."""
    pair = bench.pair
    shape = bench.short if bench.gpu else Shape(64, 64, 8, 10)
    pair.seat("nobody")
    load = pieces.load_speedup(pair, 3)
    first = pieces.first_step(pair.folder, pair.device, pair.clock)
    pair.seat("own")
    found = Starts(
        load_speedup=load,
        first_step_s=first,
        cancel_steps_p99=pieces.cancel_steps(pair.engine, shape),
        progress_overhead=pieces.overhead(pair.engine, shape),
    )
    return replace(report, starts=found)


def faults(bench: Bench, report: Report) -> Report:
    """Let memory run out at every step, and see what becomes of the clip."""
    bench.pair.seat("own")
    return replace(report, recovery=pieces.recovery(bench.pair, bench.short))


def memory(bench: Bench, report: Report) -> Report:
    """Fill the table of working memory; weights of a GPU's engine stay bytes afterwards."""
    pair = bench.pair
    pair.seat("own")
    if not bench.gpu:
        shapes = [Shape(128, 128, 16, 2), Shape(192, 192, 16, 2)]
        savings = (MemoryMode.NONE, MemoryMode.HALVES)
        return replace(report, footprints=footprint.measure(pair.engine, shapes, savings))
    two = [(512, 512, 16), (512, 512, 32), (768, 768, 24), (1280, 704, 16)]
    shapes = [Shape(*size, steps=2) for size in two]
    base = replace(pair.engine.options.optimizations, compiled=False)
    # Uncompiled layers need the most, and no shape has to be compiled first.
    plain = replace(pair, engine=subjects.engine(pair.folder, pair.device, pair.dtype, base))
    pair.seat("nobody")
    rows = footprint.measure(plain.engine, shapes, SAVINGS)
    bench.keep(replace(report, footprints=rows))
    least = plain.least_memory(replace(shapes[0], steps=2))
    plain.seat("own")
    rows += footprint.measure(plain.engine, shapes, [MemoryMode.EIGHT_BIT])
    return replace(report, footprints=rows, min_memory_vs_stock=least)


def calculate(_bench: Bench, report: Report) -> Report:
    """Count what both sides would take of a GPU at full size, whatever device is here."""
    shapes = [Shape(512, 512, 16), Shape(768, 768, 24)]
    rows = load_catalogue().presets
    return replace(report, calculated=[calculated.calculate(shape, rows) for shape in shapes])


CALCULATED = "calculated"
"""The part that measures nothing, which is run only where it is asked for."""

PARTS: dict[str, Callable[[Bench, Report], Report]] = {
    "clips": clips,
    "large": large,
    "levers": levers,
    "starts": starts,
    "faults": faults,
    "memory": memory,
    CALCULATED: calculate,
}


def _with_subject(bench: Bench, report: Report, pair: Pair, task: Task) -> Report:
    """Measure one more subject; its times are kept before its errors are measured."""

    def joined(found: Subject) -> Report:
        return replace(report, subjects=[*report.subjects, found])

    return joined(subject(pair, task, lambda found: bench.keep(joined(found))))


def subject(pair: Pair, task: Task, keep: Callable[[Subject], None]) -> Subject:
    """Let all sides take turns on one checkpoint; keep is given the times alone."""
    whole = subjects.operations(pair, task.clips)
    pair.seat("own")
    work = {preset: subjects.work(pair, task.clips, preset) for preset in Preset}
    peak = meter.matrix_peak(pair.device, resolve_dtype(pair.dtype, pair.device), pair.clock)
    turns = meter.take_turns(
        pair.device, pair.calls(task.clips), task.rounds, pair.clock, pair.seat
    )

    def told(errors: accuracy.Errors) -> Subject:
        rows = {}
        for preset in Preset:
            name, seconds = preset.value, turns.median(preset.value)
            rows[name] = Row(
                speedup_vs_stock=turns.ratio("stock", name),
                seconds_per_clip=seconds,
                matrix_peak_share=work[preset] * whole / seconds / peak,
                peak_memory_vs_stock=turns.peak(name) / turns.peak("stock"),
                error_vs_reference=errors.presets[preset],
                stock_error_vs_reference=errors.stock,
                distance_from_exact=errors.from_exact[preset],
                work_vs_stock=work[preset],
            )
        return Subject(task.name, task.clips, turns.median("stock"), rows)

    keep(told(accuracy.UNKNOWN))
    return told(accuracy.measure(pair, task.errors))
