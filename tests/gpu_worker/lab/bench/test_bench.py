"""The benchmark compares like with like: our exact clip is the stock pipeline's clip."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gpu_worker.lab.bench import accuracy, page
from gpu_worker.lab.bench import responsiveness as pieces
from gpu_worker.lab.bench import timing as meter
from gpu_worker.lab.bench.pipelines import Pair, Shape
from gpu_worker.lab.bench.report import Report, Row, Starts, Subject
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, FootprintKind
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from storage.domain.request import Preset

HOST = torch.device("cpu")
SHAPE = Shape(64, 64, 4, 5)


@pytest.fixture(scope="module")
def pair(still_checkpoint: Path) -> Iterator[Pair]:
    """Load both sides of a tiny checkpoint."""
    yield Pair.load(still_checkpoint, HOST, Optimizations(), time.process_time)


@pytest.mark.filterwarnings("ignore")
def test_exact_is_as_near_to_double_precision_as_the_stock_pipeline(pair: Pair) -> None:
    # oneDNN sums plain and channels-last maps in an order that depends on the processor, which
    # decides the comparison by itself; without it both sides convolve by the same products.
    with torch.backends.mkldnn.flags(enabled=False):
        errors = accuracy.measure(pair, SHAPE)
    assert errors.presets[Preset.EXACT] <= errors.stock < 1e-4
    assert errors.from_exact[Preset.EXACT] == 0.0
    assert errors.from_exact[Preset.DRAFT] > 0.0


@pytest.mark.filterwarnings("ignore")
def test_a_cancel_lets_at_most_one_step_finish(pair: Pair) -> None:
    assert pieces.cancel_steps(pair.engine, SHAPE, times=6) <= 1.0


def test_sides_take_turns() -> None:
    seen: list[str] = []
    calls = {name: lambda name=name: seen.append(name) for name in ("a", "b")}
    turns = meter.take_turns(HOST, calls, 2)
    assert seen == ["a", "b", "b", "a"]
    assert turns.median("a") >= 0.0
    assert turns.peak("b") > 0.0


@pytest.mark.filterwarnings("ignore")
def test_lacks_of_memory_at_every_step_change_no_byte(pair: Pair) -> None:
    assert pieces.recovery(pair, SHAPE)["difference"] == 0.0


@pytest.mark.filterwarnings("ignore")
def test_a_lever_is_measured_by_what_a_clip_takes_without_it(pair: Pair) -> None:
    gains = dict(pieces.levers(pair, Shape(64, 64, 4, 2), 1, ["context", "compiled"]))
    assert list(gains) == ["context"]
    assert gains["context"] > 0.0


def test_the_last_line_is_the_object_that_was_agreed() -> None:
    row = Row(2.0, 3.0, 0.5, 0.9, 1e-6, 2e-6, 0.0, 1.0)
    report = Report(
        "a processor",
        [Subject("embedded", SHAPE, 6.0, {"exact": row})],
        {"context": 1.1},
        Starts(4.0, 5.0, 0.0, 0.002),
        footprints=[Footprint(FootprintKind("8-16", "cpu", 4), "none", 64, 64, 8, 3 * 2**20)],
    )
    line = json.loads(report.line())
    assert line["presets"]["exact"]["speedup_vs_stock"] == 2.0
    assert line["levers"] == {"context": 1.1}
    for name in ("load_speedup", "first_step_s", "cancel_steps_p99", "progress_overhead"):
        assert name in line
    assert "| exact | 3.00 | 2.00 |" in report.markdown()
    assert "| 64 x 64 x 8 | none | 3 MiB |" in report.markdown()


def test_what_was_not_measured_is_left_out() -> None:
    report = Report("a processor: levers", levers={"context": 1.1})
    assert json.loads(report.line())["presets"] == {}
    assert "from_pretrained" not in report.markdown()


def test_a_section_replaces_only_the_one_of_the_same_name(tmp_path: Path) -> None:
    file = tmp_path / "docs" / "page.md"
    for section in ("### cpu\n\nold", "### gpu\n\nfast", "### cpu\n\nnew\n"):
        page.write(section, file)
    written = file.read_text()
    assert written.index("### gpu\n\nfast") < written.index("### cpu\n\nnew")
    assert "old" not in written
    assert written.count(page.MARK) == 1
