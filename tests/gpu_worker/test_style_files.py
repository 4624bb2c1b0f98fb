"""The styles' files on a worker's disk: whole, and no more than are used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gpu_worker.style_files import MOST_FILES, StyleFiles


def test_a_file_is_there_once_it_was_added(tmp_path: Path) -> None:
    files = StyleFiles(tmp_path / "styles")
    assert not files.has("a")
    files.add("a", b"data")
    assert files.has("a")
    assert [path.read_bytes() for path in files.folder.iterdir()] == [b"data"]


def test_those_that_were_used_last_are_kept(tmp_path: Path) -> None:
    files = StyleFiles(tmp_path)
    for number in range(MOST_FILES):
        files.add(str(number), b"")
        os.utime(tmp_path / str(number), (number, number))
    assert files.has("0")
    files.add("more", b"")
    assert files.has("0")
    assert not files.has("1")
    assert len([*tmp_path.iterdir()]) == MOST_FILES


def test_a_file_that_cannot_be_written_whole_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    files = StyleFiles(tmp_path)
    with pytest.raises(OSError, match="No space"):
        files.add("a", b"data")
    assert [*tmp_path.iterdir()] == []
