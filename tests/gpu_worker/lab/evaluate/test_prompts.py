"""Prompts are read from a file by motion, and the default ones mean what they stand for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_worker.lab.evaluate import prompts
from storage.domain.camera.motion import Motion
from storage.domain.prompt.reading import read


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
def test_other_json_is_refused(tmp_path: Path, data: object) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"prompts\.json"):
        prompts.read(path)


def test_the_default_prompts_mean_their_motion() -> None:
    for motion, texts in prompts.DEFAULT.items():
        for text in texts:
            reading = read(text)
            assert reading is not None
            assert reading.motion is motion
