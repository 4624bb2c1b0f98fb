"""A measurement is taken once and kept, and taken all the same where it cannot be kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_worker.models.i2vgen_xl.hardware.measurement_cache import measured_once


def test_a_measurement_is_taken_once(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "seconds.json"
    assert measured_once(file, "a clip", lambda: 2) == 2
    assert measured_once(file, "another", lambda: 3) == 3
    assert measured_once(file, "a clip", lambda: 4) == 2


@pytest.mark.parametrize(
    "file", ["~nobody-of-this-name/x.json", "file/x.json", "list.json", "broken.json"]
)
def test_what_cannot_be_read_or_kept_is_measured_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert measured_once(Path(file), "a clip", lambda: 2) == 2
