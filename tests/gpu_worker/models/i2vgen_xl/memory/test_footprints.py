"""Measured footprints are kept in a table, between whose rows sizes are interpolated."""

from __future__ import annotations

from pathlib import Path

from gpu_worker.models.i2vgen_xl.memory import footprints
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, FootprintKind, working_bytes

FULL = FootprintKind("320-640-1280-1280", "cuda", 2)
PIXELS = 512 * 512 * 16


def row(side: int, frames: int, work: int, mode: str = "none") -> Footprint:
    """Return a measured row."""
    return Footprint(FULL, mode, side, side, frames, work)


def test_sizes_between_the_rows_lie_on_a_line_and_larger_ones_in_proportion() -> None:
    rows = [row(512, 16, 1000), row(512, 32, 3000), row(512, 32, 9, "halves")]
    assert working_bytes(rows, FULL, "none", PIXELS // 2) == 1000
    assert working_bytes(rows, FULL, "none", PIXELS * 3 // 2) == 2000
    assert working_bytes(rows, FULL, "none", PIXELS * 4) == 6000
    assert working_bytes(rows, FootprintKind("8-16", "cuda", 2), "none", PIXELS) is None


def test_rows_are_kept_and_replaced_by_newer_ones(tmp_path: Path) -> None:
    file = tmp_path / "footprints.json"
    assert footprints.load(file) == ()
    footprints.save([row(512, 16, 1), row(768, 24, 2)], file)
    footprints.save([row(512, 16, 3)], file)
    assert [one.work for one in footprints.load(file)] == [3, 2]
