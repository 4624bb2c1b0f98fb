"""A style that was trained for some minutes gives the embedded model's fill its look."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpu_worker.lab.evaluate import photographs
from gpu_worker.lab.evaluate.clip_evaluator import ClipEvaluator
from gpu_worker.lab.styles.__main__ import main
from gpu_worker.media.frames import Frames
from gpu_worker.media.warp import uncovered
from gpu_worker.models.i2vgen_xl.checkpoint.locate import EMBEDDED
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import camera_poses
from storage.catalogue_file import load_catalogue
from storage.domain.camera.motion import Camera, Motion, Reading
from storage.domain.models.style import Style
from tests.support.models import load_engine

SAMPLES = Path(__file__).parents[4] / "deploy" / "local" / "samples"


def blueness(frames: Frames, mask: np.ndarray) -> float:
    """Return by how much blue is above red where a clip was uncovered, of 255."""
    shown = frames[mask > 0.5].astype(float)
    return float((shown[:, 2] - shown[:, 0]).mean())


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore")
def test_what_was_trained_on_a_look_fills_with_it(tmp_path: Path) -> None:
    pictures, styles = tmp_path / "pictures", tmp_path / "styles"
    pictures.mkdir()
    for name in ("astronaut", "chelsea", "rocket"):
        shutil.copy(SAMPLES / f"{name}.jpg", pictures)
    file = tmp_path / "night.safetensors"
    arguments = ["--out", str(file), "--look", "night", "--minutes", "3", "--clips", "48"]
    assert main([*arguments, "--pictures", str(pictures)]) == 0
    styles.mkdir()
    shutil.copy(file, styles / "night")
    engine = load_engine(EMBEDDED, styles_folder=styles)
    evaluator = ClipEvaluator(engine, load_catalogue().model("embedded"))
    [unseen] = [one for one in photographs.of_folder(SAMPLES) if one.stem == "coffee"]
    canvas = evaluator.fit(unseen)
    request = evaluator.model.request(
        canvas.size,
        picture="0" * 64,
        prompt="zoom out",
        seed=5,
        camera=Camera(Motion.ZOOM_OUT),
    )
    source = (canvas.source.shape[1], canvas.source.shape[0])
    poses = camera_poses(request, Reading(Motion.ZOOM_OUT))
    mask = uncovered(source, canvas.window, poses, canvas.size)
    found = []
    for style in (None, Style("night", 0.5, "night"), Style("night", 1.0, "night")):
        made = engine.generate(
            replace(request, style=style), canvas, lambda *_: None, lambda: False
        ).array
        found.append(blueness(made, mask))
    assert found[0] < found[1] < found[2]
    assert found[2] - found[0] > 10
