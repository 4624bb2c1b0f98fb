"""Tests of what the evaluation is given: photographs and prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from gpu_worker.lab.evaluate import photographs, prompts
from storage.domain.camera.motion import Motion
from storage.domain.prompt.reading import read
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


def test_prompts_are_read_by_motion(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps({"zoom_in": ["closer", "推近"], "shake": ["tremble"]}))
    assert prompts.read(path) == {
        Motion.ZOOM_IN: ("closer", "推近"),
        Motion.SHAKE: ("tremble",),
    }


@pytest.mark.parametrize(
    "data", [[], {}, {"fly": ["fly"]}, {"zoom_in": "closer"}, {"zoom_in": [" "]}, {"drift": ["x"]}]
)
def test_other_shapes_of_prompts_are_refused(tmp_path: Path, data: object) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"prompts\.json"):
        prompts.read(path)


def test_the_default_wordings_mean_what_they_stand_for() -> None:
    for motion, wordings in prompts.DEFAULT.items():
        for wording in wordings:
            reading = read(wording)
            assert reading is not None
            assert reading.motion is motion
