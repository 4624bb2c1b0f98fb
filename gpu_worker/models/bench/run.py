"""Run: the benchmark's command line."""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gpu_worker.models import blank, checkpoint, choosing, sizes
from gpu_worker.models.bench import accuracy, meter, pieces, subjects
from gpu_worker.models.bench.report import Report, Row, Subject
from gpu_worker.models.bench.subjects import Pair, Shape
from gpu_worker.models.levers import Levers
from storage.domain.request import Preset

PAGE = Path("docs/benchmarks.md")
MARK = "<!-- results -->\n"


@dataclass(frozen=True)
class Task:
    """What is measured on one checkpoint: whole clips, their errors, and the levers."""

    name: str
    clips: Shape
    errors: Shape
    levers: Shape | None
    rounds: int


def main() -> int:
    """Measure, write the table, and print one JSON object as the last line."""
    options = _options()
    device = choosing.device(options.device)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        report = (
            _on_gpu(options, device, folder)
            if device.type == "cuda"
            else _on_cpu(options, device, folder)
        )
    _write(report.markdown(), options.page)
    print(report.line())
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gpu_worker.bench", description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--checkpoint", default="embedded", help="what a CPU measures first")
    parser.add_argument("--steps", type=int, default=0, help="of whole clips (CPU 25, GPU 50)")
    parser.add_argument("--rounds", type=int, default=0, help="of taking turns (CPU 2, GPU 3)")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--no-levers", dest="levers", action="store_false")
    parser.add_argument("--quick", action="store_true", help="tiny shapes, no levers: a trial")
    parser.add_argument(
        "--processor-time",
        dest="clock",
        action="store_const",
        const=time.process_time,
        default=time.perf_counter,
        help="count the processor's seconds instead of the clock's, on a machine that is busy",
    )
    return parser.parse_args()


def _on_cpu(options: argparse.Namespace, device: torch.device, scratch: Path) -> Report:
    """Measure the embedded checkpoint, then a mid-size one with random weights."""
    folder, quick = checkpoint.locate(options.checkpoint), options.quick
    side, frames = (64, 8) if quick else (128, 16)
    pair = Pair.load(folder, device, Levers(), options.clock)
    task = Task(
        name="embedded",
        clips=Shape(side, side, frames, options.steps or 25),
        errors=Shape(64, 64, 8, 10 if quick else 50),
        levers=Shape(64, 64, 16, 2) if options.levers and not quick else None,
        rounds=options.rounds or (1 if quick else 2),
    )
    found = [_subject(pair, task)]
    if not quick:
        blank.write(scratch / "middle", sizes.MIDDLE)
        middle = Pair.load(scratch / "middle", device, Levers(), options.clock)
        shape = Shape(64, 64, 8, 5)
        found.append(_subject(middle, Task("mid-size, random", shape, shape, None, 1)))
    return _report(pair, Shape(64, 64, 8, 10), found)


def _on_gpu(options: argparse.Namespace, device: torch.device, scratch: Path) -> Report:
    """Measure the full size with random weights, at the two shapes that people use."""
    blank.write(scratch / "full", sizes.FULL, device=str(device))
    levers = Levers(compiled=True)
    pair = Pair.load(scratch / "full", device, levers, options.clock)
    steps, rounds = options.steps or 50, options.rounds or 3
    small, large = Shape(512, 512, 16, steps), Shape(768, 768, 24, steps)
    few = Shape(512, 512, 16, 4)
    levers_on = few if options.levers else None
    found = [
        _subject(pair, Task("full size, random, 512p", small, few, levers_on, rounds)),
        _subject(pair, Task("full size, random, 768p", large, few, None, 1)),
    ]
    report = _report(pair, few, found)
    # Last, since the weights stay bytes afterwards.
    return replace(report, min_memory_vs_stock=pair.least_memory(replace(large, steps=2)))


def _subject(pair: Pair, task: Task) -> Subject:
    """Let all sides take turns on one checkpoint."""
    turns = meter.take_turns(
        pair.device, pair.calls(task.clips), task.rounds, pair.clock, pair.seat
    )
    pair.seat("both")
    errors = accuracy.measure(pair, task.errors)
    dtype = choosing.dtype(pair.dtype, pair.device)
    peak = meter.matrix_peak(pair.device, dtype, pair.clock)
    whole = subjects.operations(pair, task.clips)
    rows = {}
    for preset in Preset:
        name, seconds = preset.value, turns.median(preset.value)
        work = subjects.work(pair, task.clips, preset)
        rows[name] = Row(
            speedup_vs_stock=turns.median("stock") / seconds,
            seconds_per_clip=seconds,
            matrix_peak_share=work * whole / seconds / peak,
            peak_memory_vs_stock=turns.peak(name) / turns.peak("stock"),
            error_vs_reference=errors.presets[preset],
            stock_error_vs_reference=errors.stock,
            distance_from_exact=errors.from_exact[preset],
            work_vs_stock=work,
        )
    gains = pieces.levers(pair, task.levers, task.rounds) if task.levers else {}
    return Subject(task.name, task.clips, turns.median("stock"), rows, gains)


def _report(pair: Pair, shape: Shape, found: list[Subject]) -> Report:
    return Report(
        device=_device_name(pair.device),
        subjects=found,
        load_speedup=pieces.load_speedup(pair, 3),
        first_step_s=pieces.first_step(pair.folder, pair.device, pair.clock),
        cancel_steps_p99=pieces.cancel_steps(pair.engine, shape),
        progress_overhead=pieces.overhead(pair.engine, shape),
        clock="the clock's" if pair.clock is time.perf_counter else "the processor's",
    )


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} processor, {torch.get_num_threads()} threads"


def _write(tables: str, page: Path) -> None:
    """Put the tables in place of the last ones, below the page's own words."""
    words = page.read_text(encoding="utf-8") if page.exists() else f"# Benchmarks\n\n{MARK}"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(words.split(MARK)[0] + MARK + "\n" + tables, encoding="utf-8")
