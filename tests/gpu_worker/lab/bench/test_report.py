"""Results become one JSON object, and a section that replaces the one of the same name."""

from __future__ import annotations

import json
from pathlib import Path

from gpu_worker.lab.bench import report
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.report import (
    BenchmarkReport,
    CheckpointResult,
    PresetResult,
    Responsiveness,
)
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, FootprintKind


def test_the_last_line_has_the_agreed_keys() -> None:
    preset = PresetResult(
        speedup_vs_stock=2.0,
        seconds_per_clip=3.0,
        matrix_peak_share=0.5,
        peak_memory_vs_stock=0.9,
        error_vs_reference=1e-6,
        stock_error_vs_reference=2e-6,
        distance_from_exact=0.0,
        work_vs_stock=1.0,
    )
    results = BenchmarkReport(
        "a processor",
        "the clock's",
        [CheckpointResult("embedded", ClipShape(64, 64, 4, 5), 6.0, {"exact": preset})],
        {"context": 1.1},
        Responsiveness(4.0, 5.0, 0.0, 0.002),
        footprints=[Footprint(FootprintKind("8-16", "cpu", 4), "none", 64, 64, 8, 3 * 2**20)],
    )
    line = json.loads(results.json_line())
    assert line["presets"]["exact"]["speedup_vs_stock"] == 2.0
    assert line["levers"] == {"context": 1.1}
    for name in ("load_speedup", "first_step_s", "cancel_steps_p99", "progress_overhead"):
        assert name in line
    assert "| exact | 3.00 | 2.00 |" in results.markdown()
    assert "| 64 x 64 x 8 | none | 3 MiB |" in results.markdown()


def test_what_was_not_measured_is_left_out() -> None:
    results = BenchmarkReport("a processor: levers", "the clock's", gains={"context": 1.1})
    assert json.loads(results.json_line())["presets"] == {}
    assert "from_pretrained" not in results.markdown()


def test_a_section_replaces_only_the_one_of_the_same_name(tmp_path: Path) -> None:
    file = tmp_path / "docs" / "page.md"
    for section in ("### cpu\n\nold", "### gpu\n\nfast", "### cpu\n\nnew\n"):
        report.write_section(section, file)
    written = file.read_text()
    assert written.index("### gpu\n\nfast") < written.index("### cpu\n\nnew")
    assert "old" not in written
    assert written.count(report.MARK) == 1
