"""The parts of the benchmark, each of which can run on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import torch

from gpu_worker.lab.bench import ablation, accuracy, memory, responsiveness
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.estimates import flops, gpu_estimate
from gpu_worker.lab.bench.peers.deep_cache import compare_peer
from gpu_worker.lab.bench.pipelines import PipelinePair, engine_clip, load_engine
from gpu_worker.lab.bench.product_defaults import measure_defaults
from gpu_worker.lab.bench.report import (
    BenchmarkReport,
    CheckpointResult,
    PresetResult,
    Responsiveness,
)
from gpu_worker.lab.bench.timing import Clock, alternate, matrix_flops
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import write_checkpoint
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import FULL, MIDDLE
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from storage.catalogue_file import load_catalogue
from storage.domain.request import Preset

UNDOABLE = (MemoryMode.NONE, MemoryMode.SLICES, MemoryMode.HALVES)
"""Modes that can be undone, so that they are measured one after the other."""


@dataclass(frozen=True)
class ComparedClips:
    """What is measured on one checkpoint: whole clips in rounds, and the errors of short ones."""

    name: str
    whole: ClipShape
    short: ClipShape
    rounds: int


@dataclass(frozen=True)
class Benchmark:
    """One run: where, how long, and with which clock; steps and rounds of 0 leave the choice.

    keep is called with what was measured so far, as soon as there is more of it.
    """

    device: torch.device
    scratch: Path
    clock: Clock
    source: str
    steps: int
    rounds: int
    quick: bool
    compiled: bool
    keep: Callable[[BenchmarkReport], None]

    @property
    def gpu(self) -> bool:
        """Return whether this is a GPU, on which the full size is measured."""
        return self.device.type == "cuda"

    @cached_property
    def pair(self) -> PipelinePair:
        """Load the checkpoint that most is measured on: the full size or the embedded one."""
        folder = self.random_checkpoint("full") if self.gpu else locate(self.source)
        optimizations = Optimizations(compiled=self.gpu and self.compiled)
        return PipelinePair.load(folder, self.device, optimizations, self.clock)

    def random_checkpoint(self, name: str) -> Path:
        """Return a checkpoint with random weights, written where it does not exist yet."""
        folder = self.scratch / name
        if not (folder / "model_index.json").is_file():
            size = {"full": FULL, "middle": MIDDLE}[name]
            write_checkpoint(folder, size, device=str(self.device))
        return folder

    @property
    def short(self) -> ClipShape:
        """Return a clip of few steps, for what is compared by the step."""
        return ClipShape(512, 512, 16, 4) if self.gpu else ClipShape(64, 64, 16, 2)

    def compare_presets(
        self, report: BenchmarkReport, pair: PipelinePair, clips: ComparedClips
    ) -> BenchmarkReport:
        """Add one checkpoint's results; its times are kept before its errors are measured."""

        def added(result: CheckpointResult) -> BenchmarkReport:
            return replace(report, checkpoints=[*report.checkpoints, result])

        result = time_presets(pair, clips)
        self.keep(added(result))
        errors = accuracy.measure_errors(pair, clips.short)
        rows = result.presets.items()
        presets = {name: replace(row, **errors[Preset(name)]) for name, row in rows}
        return added(replace(result, presets=presets))


def time_presets(pair: PipelinePair, clips: ComparedClips) -> CheckpointResult:
    """Time the stock pipeline and all presets on one checkpoint; errors stay unknown."""
    shape = clips.whole
    operations = flops.stock_flops(pair, shape)
    pair.move_to_device("engine")
    work = {preset: flops.work_share(pair, shape, preset) for preset in Preset}
    peak = matrix_flops(pair.device, resolve_dtype("auto", pair.device), pair.clock)
    calls: dict[str, Callable[[], object]] = {"stock": lambda: pair.stock.clip(shape)}
    for preset in Preset:
        calls[preset.value] = partial(engine_clip, pair.engine, shape, preset)
    timings = alternate(pair.device, calls, clips.rounds, pair.clock, pair.move_to_device)
    presets = {
        preset.value: PresetResult(
            speedup_vs_stock=timings.ratio("stock", preset.value),
            seconds_per_clip=timings.median(preset.value),
            matrix_peak_share=work[preset] * operations / timings.median(preset.value) / peak,
            peak_memory_vs_stock=timings.peak(preset.value) / timings.peak("stock"),
            work_vs_stock=work[preset],
        )
        for preset in Preset
    }
    return CheckpointResult(clips.name, shape, timings.median("stock"), presets)


def measure_product(bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Measure the product's default clip beside the stock pipeline's."""
    model = load_catalogue().models["i2vgen-xl" if bench.gpu else "embedded"]
    folder = bench.random_checkpoint("full") if bench.gpu else locate(bench.source)
    rounds = bench.rounds or (3 if bench.gpu else 1)
    measured = measure_defaults(model, folder, bench.device, rounds, bench.clock)
    return replace(report, defaults=measured)


def measure_clips(bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Measure whole clips at the usual size."""
    if bench.gpu:
        whole = ClipShape(512, 512, 16, bench.steps or 50)
        clips = ComparedClips("full size, random, 512p", whole, bench.short, bench.rounds or 3)
    else:
        side, frames = (64, 8) if bench.quick else (128, 16)
        whole = ClipShape(side, side, frames, bench.steps or 25)
        short = ClipShape(64, 64, 8, 5 if bench.quick else 12)
        rounds = bench.rounds or (1 if bench.quick else 2)
        clips = ComparedClips("embedded", whole, short, rounds)
    return bench.compare_presets(report, bench.pair, clips)


def measure_large(bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Measure larger clips, or on a CPU a larger model."""
    if bench.gpu:
        whole = ClipShape(768, 768, 24, bench.steps or 50)
        clips = ComparedClips("full size, random, 768p", whole, bench.short, 1)
        return bench.compare_presets(report, bench.pair, clips)
    folder = bench.random_checkpoint("middle")
    middle = PipelinePair.load(folder, bench.device, Optimizations(compiled=False), bench.clock)
    shape = ClipShape(64, 64, 8, 5)
    clips = ComparedClips("mid-size, random", shape, shape, 1)
    return bench.compare_presets(report, middle, clips)


def measure_peer(bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Compare with another program, where that is installed."""
    shape = ClipShape(512, 512, 16, 10) if bench.gpu else ClipShape(64, 64, 8, 10)
    return replace(report, peer=compare_peer(bench.pair, shape, bench.rounds or 3))


def measure_ablation(bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Measure each optimization and, on a GPU, each attention kernel."""
    rounds = bench.rounds or 3
    bench.pair.move_to_device("engine")
    # What is saved on large maps does not show on small ones.
    shape = bench.short if bench.gpu or bench.quick else ClipShape(128, 128, 16, 2)
    gains: dict[str, float] = {}
    for name, gain in ablation.measure_gains(bench.pair, shape, rounds):
        gains[name] = gain
        bench.keep(replace(report, gains=gains))
    kernels = ablation.measure_kernels(bench.pair, bench.short, rounds) if bench.gpu else {}
    return replace(report, gains=gains, attention=kernels)


def measure_responsiveness(bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Measure how quickly an engine loads, starts and cancels, and what its progress costs."""
    pair = bench.pair
    shape = bench.short if bench.gpu else ClipShape(64, 64, 8, 10)
    pair.move_to_device(None)
    load = responsiveness.load_speedup(pair, 3)
    first = responsiveness.first_step_seconds(pair.folder, pair.device, pair.clock)
    pair.move_to_device("engine")
    measured = Responsiveness(
        load_speedup=load,
        first_step_s=first,
        cancel_steps_p99=responsiveness.cancel_steps(pair.engine, shape),
        progress_overhead=responsiveness.progress_overhead(pair.engine, shape),
    )
    return replace(report, responsiveness=measured)


def measure_recovery(bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Let memory run out at every step."""
    bench.pair.move_to_device("engine")
    return replace(report, recovery=memory.measure_recovery(bench.pair, bench.short))


def measure_memory(bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Fill the table of working memory; a GPU's engine keeps eight-bit weights afterwards."""
    pair = bench.pair
    pair.move_to_device("engine")
    if not bench.gpu:
        shapes = [ClipShape(128, 128, 16, 2), ClipShape(192, 192, 16, 2)]
        modes = (MemoryMode.NONE, MemoryMode.HALVES)
        return replace(report, footprints=memory.measure_footprints(pair.engine, shapes, modes))
    sizes = [(512, 512, 16), (512, 512, 32), (768, 768, 24), (1280, 704, 16)]
    shapes = [ClipShape(*size, steps=2) for size in sizes]
    base = replace(pair.engine.options.optimizations, compiled=False)
    # Uncompiled layers need the most, and no shape has to be compiled first.
    plain = replace(pair, engine=load_engine(pair.folder, pair.device, base))
    pair.move_to_device(None)
    rows = memory.measure_footprints(plain.engine, shapes, UNDOABLE)
    bench.keep(replace(report, footprints=rows))
    least = memory.least_memory_share(plain, shapes[0])
    plain.move_to_device("engine")
    rows += memory.measure_footprints(plain.engine, shapes, [MemoryMode.EIGHT_BIT])
    return replace(report, footprints=rows, min_memory_vs_stock=least)


def estimate_gpu(_bench: Benchmark, report: BenchmarkReport) -> BenchmarkReport:
    """Count what both pipelines would take of a GPU at full size, whatever device is here."""
    shapes = [ClipShape(512, 512, 16), ClipShape(768, 768, 24)]
    presets = load_catalogue().presets
    return replace(report, estimates=[gpu_estimate.estimate(shape, presets) for shape in shapes])


CALCULATED = "calculated"
"""The part that measures nothing, which runs only when it is named."""

PARTS: dict[str, Callable[[Benchmark, BenchmarkReport], BenchmarkReport]] = {
    "defaults": measure_product,
    "clips": measure_clips,
    "large": measure_large,
    "peer": measure_peer,
    "levers": measure_ablation,
    "starts": measure_responsiveness,
    "faults": measure_recovery,
    "memory": measure_memory,
    CALCULATED: estimate_gpu,
}
