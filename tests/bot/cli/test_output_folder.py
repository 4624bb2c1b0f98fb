"""Clips are written whole or not at all, and a folder that takes none is found at once."""

import resource
from pathlib import Path

import pytest

from bot.cli.output_folder import prepare, write_whole


@pytest.mark.parametrize("name", ["new/deep", "50% #?'\"\nx", "caf\udce9"])
def test_a_folder_is_made(tmp_path: Path, name: str) -> None:
    prepare(tmp_path / name)
    write_whole(tmp_path / name / "a.mp4", b"clip")
    assert [path.name for path in (tmp_path / name).iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("name", ["file", "file/below", "file/far/below"])
def test_a_file_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        prepare(tmp_path / name)


def test_what_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # as if the disk were full
    try:
        with pytest.raises(OSError, match="too large"):
            write_whole(tmp_path / "a.mp4", bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == b"before"
