"""Measures the engine against the stock pipeline: `python -m gpu_worker.lab.bench`."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import torch

from gpu_worker.lab.bench.report import BenchmarkReport, write_section
from gpu_worker.lab.bench.suite import CALCULATED, PARTS, Benchmark
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_device
from gpu_worker.models.i2vgen_xl.memory import footprints

PAGE = Path("docs/benchmarks.md")
MEASURED = [part for part in PARTS if part != CALCULATED]


def main() -> int:
    """Measure, write the tables, and print one JSON object as the last line."""
    options = _options()
    device = resolve_device(options.device)
    kept = nullcontext(options.scratch) if options.scratch else tempfile.TemporaryDirectory()
    with kept as scratch:
        bench = Benchmark(
            device,
            Path(scratch),
            options.clock,
            options.checkpoint,
            options.steps,
            options.rounds,
            options.quick,
            not options.uncompiled,
            lambda report: _keep(report, options),
        )
        clock = "clock" if options.clock is time.perf_counter else "processor"
        report = BenchmarkReport(_heading(device, options), f"the {clock}'s")
        for part in options.only:
            began = time.perf_counter()
            report = PARTS[part](bench, report)
            sys.stderr.write(f"{part}: {time.perf_counter() - began:.0f} s\n")
            _keep(report, options)
    return 0


def _heading(device: torch.device, options: argparse.Namespace) -> str:
    """Return the device's name, and the parts where not all of them are measured."""
    parts: list[str] = options.only
    if parts == [CALCULATED]:
        name = "A GPU"
    elif device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        name = f"{platform.machine()} processor, {torch.get_num_threads()} threads"
    name += ", uncompiled" if options.uncompiled and parts != [CALCULATED] else ""
    return name if set(parts) >= set(MEASURED) else f"{name}: {', '.join(parts)}"


def _keep(report: BenchmarkReport, options: argparse.Namespace) -> None:
    """Write what was measured so far, so that a run that is stopped loses only the rest."""
    if report.footprints:
        footprints.save(report.footprints, options.footprints)
    write_section(report.markdown(), options.page)
    print(report.json_line(), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gpu_worker.lab.bench", description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--checkpoint", default="embedded", help="what a CPU measures first")
    parser.add_argument("--steps", type=int, default=0, help="of whole clips (CPU 25, GPU 50)")
    parser.add_argument("--rounds", type=int, default=0, help="of alternating (CPU 2, GPU 3)")
    parser.add_argument(
        "--only",
        type=_parts,
        default=MEASURED,
        help=f"parts, separated by commas: {', '.join(PARTS)}; on a GPU all of them take longer "
        "than ten minutes",
    )
    parser.add_argument("--scratch", type=Path, help="keep random weights here for further runs")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument(
        "--footprints",
        type=Path,
        default=footprints.FILE,
        help="the table of working memory that the part `memory` fills",
    )
    parser.add_argument(
        "--uncompiled", action="store_true", help="on a GPU, compile nothing: quick, but slower"
    )
    parser.add_argument("--quick", action="store_true", help="tiny shapes, few parts: a trial")
    parser.add_argument(
        "--processor-time",
        dest="clock",
        action="store_const",
        const=time.process_time,
        default=time.perf_counter,
        help="count the processor's seconds instead of the clock's, on a machine that is busy",
    )
    options = parser.parse_args()
    if options.quick:
        options.only = [part for part in options.only if part in ("clips", "starts", "faults")]
    return options


def _parts(text: str) -> list[str]:
    names = text.split(",")
    unknown = sorted(set(names) - set(PARTS))
    if unknown:
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(unknown)}")
    return [name for name in PARTS if name in names]


if __name__ == "__main__":
    sys.exit(main())
