"""Photographs come from the test set or from a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from gpu_worker.lab.evaluate import photographs
from storage.pictures import inspect


def test_the_test_set_has_at_least_ten_photographs() -> None:
    pytest.importorskip("skimage", reason="the test photographs come with scikit-image")
    pytest.importorskip("sklearn", reason="two of them come with scikit-learn")
    found = photographs.samples()
    assert len({photograph.stem for photograph in found}) >= 10
    assert all(min(inspect(photo.data).width, 256) == 256 for photo in found)


def test_a_folder_gives_its_pictures_by_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "a.png"):
        Image.new("RGB", (40, 40)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    assert [photo.stem for photo in photographs.of_folder(tmp_path)] == ["a.jpg", "a.png", "b"]


@pytest.mark.parametrize("folder", ["", "missing"])
def test_a_folder_without_pictures_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(FileNotFoundError):
        photographs.of_folder(tmp_path / folder)
