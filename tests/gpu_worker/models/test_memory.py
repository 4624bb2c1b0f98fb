"""What a clip needs is estimated from what was measured, and from the layers' shapes elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpu_worker.lab.bench import memory as footprint
from gpu_worker.lab.bench import pipelines as subjects
from gpu_worker.lab.bench.pipelines import Shape
from gpu_worker.models.i2vgen_xl.memory import estimator as memory
from gpu_worker.models.i2vgen_xl.memory import footprints
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryEstimator, MemoryMode
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, FootprintKind
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from storage.domain.request import Preset

HOST = torch.device("cpu")
FULL = FootprintKind("320-640-1280-1280", "cuda", 2)
SMALL, LARGE = 512 * 512 * 16, 768 * 768 * 24


def row(side: int, frames: int, work: int, saving: MemoryMode = MemoryMode.NONE) -> Footprint:
    """Return a measured row."""
    return Footprint(FULL, saving.value, side, side, frames, work)


def test_without_a_measurement_the_estimate_follows_the_founding_hardware() -> None:
    estimator = MemoryEstimator(FULL, 3.0 * memory.GIB, 1.9 * memory.GIB)
    assert not estimator.is_measured()
    assert estimator.choose(SMALL, True, 12 * memory.GIB) is MemoryMode.NONE
    assert estimator.choose(LARGE, True, 24 * memory.GIB) is MemoryMode.NONE
    assert estimator.choose(LARGE, True, 10 * memory.GIB) is MemoryMode.SLICES
    assert estimator.choose(LARGE, True, 6 * memory.GIB) is MemoryMode.EIGHT_BIT
    assert estimator.choose(LARGE, True, 3 * memory.GIB) is None


def test_measured_rows_rule_where_there_are_any() -> None:
    estimator = MemoryEstimator(FULL, 100.0, rows=[row(512, 16, 1000)])
    assert estimator.is_measured()
    assert estimator.need(SMALL, MemoryMode.NONE).work == pytest.approx(1000 * memory.MARGIN)
    assert estimator.need(SMALL, MemoryMode.HALVES).work > 1e8


def test_sizes_between_the_rows_lie_on_a_line_and_larger_ones_in_proportion() -> None:
    rows = [row(512, 16, 1000), row(512, 32, 3000), row(512, 32, 9, MemoryMode.HALVES)]
    assert footprints.working_bytes(rows, FULL, "none", SMALL // 2) == 1000
    assert footprints.working_bytes(rows, FULL, "none", SMALL * 3 // 2) == 2000
    assert footprints.working_bytes(rows, FULL, "none", SMALL * 4) == 6000
    assert footprints.working_bytes(rows, FootprintKind("8-16", "cuda", 2), "none", SMALL) is None


def test_rows_are_kept_and_measured_anew(tmp_path: Path) -> None:
    file = tmp_path / "footprints.json"
    assert footprints.load(file) == ()
    footprints.save([row(512, 16, 1), row(768, 24, 2)], file)
    footprints.save([row(512, 16, 3)], file)
    assert [one.work for one in footprints.load(file)] == [3, 2]


@pytest.mark.filterwarnings("ignore")
def test_the_estimate_covers_a_measured_run(stock_like: Path) -> None:
    engine = subjects.engine(stock_like, HOST, "fp32", Optimizations())
    shapes = [Shape(96, 96, 8, 2), Shape(160, 160, 8, 2)]
    rows = footprint.measure(engine, shapes, [MemoryMode.NONE])
    estimator = MemoryEstimator(rows[0].kind, 0.0, rows=rows)
    for shape in (Shape(96, 96, 8, 2), Shape(128, 128, 8, 2)):
        call = lambda shape=shape: subjects.clip(engine, shape, Preset.EXACT)  # noqa: E731
        used = footprint.working(engine, call)
        pixels = shape.width * shape.height * shape.frames
        assert used > 0
        assert estimator.need(pixels, MemoryMode.NONE).total >= used


def test_a_control_group_bounds_a_host(tmp_path: Path) -> None:
    assert memory.available_host_bytes(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  4096 kB\n")
    assert memory.available_host_bytes(tmp_path) == 4096 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("2000000\n")
    (group / "memory.current").write_text("1500000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
    assert memory.available_host_bytes(tmp_path) == 600000.0
    (group / "memory.max").write_text("max\n")
    assert memory.available_host_bytes(tmp_path) == 4096 * 1024
