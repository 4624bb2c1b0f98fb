"""A whole evaluation, with an engine that only moves the picture."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gpu_worker.lab.evaluate import evaluation, prompts
from gpu_worker.lab.evaluate.clip_evaluator import ClipEvaluator, ClipSpec, EvaluatedClip
from gpu_worker.lab.evaluate.evaluation import Evaluation
from gpu_worker.lab.evaluate.last_frame import LastFrame
from gpu_worker.lab.evaluate.metrics import Value
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.lab.evaluate.prompts import Prompts
from gpu_worker.media.motion import measure, track
from storage.catalogue_file import load_catalogue
from storage.domain.camera.motion import Camera, Motion
from storage.domain.catalogue import Model
from tests.gpu_worker.lab.evaluate.warping_engine import WarpingEngine
from tests.gpu_worker.media.test_motion import picture


def small_model() -> Model:
    """Return the default model's row with clips that are no larger than what it denoises."""
    row = load_catalogue().model("embedded").without_rendering()
    return replace(row, defaults=replace(row.defaults, frames=16, fps=8))


def photograph(seed: int = 1, size: tuple[int, int] = (300, 300)) -> Photograph:
    """Return a drawn picture as a PNG."""
    target = io.BytesIO()
    Image.fromarray(picture(seed)).resize(size).save(target, "PNG")
    return Photograph(f"drawn{seed}", target.getvalue())


def evaluate(
    out: Path, wanted: Prompts, engine: WarpingEngine, *, all_prompts: bool, compared: int
) -> dict[str, Value]:
    """Evaluate one picture, with an autoencoder that rounds."""
    return Evaluation(
        evaluator=ClipEvaluator(engine, small_model()),
        recode=lambda frames: frames // 16 * 16,
        photographs=[photograph()],
        prompts=wanted,
        out=out,
        all_prompts=all_prompts,
        compared=compared,
        log=lambda line: None,
    ).run()


@pytest.fixture(scope="module")
def metrics_without_pan_left(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Value]:
    """Evaluate an engine that makes no pan to the left."""
    wanted = {Motion.PAN_LEFT: ["pan left"], Motion.ZOOM_IN: ["zoom in"]}
    engine = WarpingEngine(without=Motion.PAN_LEFT)
    return evaluate(tmp_path_factory.mktemp("out"), wanted, engine, all_prompts=False, compared=1)


def test_every_motion_that_the_engine_makes_is_recognized(tmp_path: Path) -> None:
    metrics = evaluate(tmp_path, prompts.DEFAULT, WarpingEngine(), all_prompts=False, compared=0)
    assert metrics["clips"] == 10
    assert metrics["obeyed_overall"] == 1.0
    assert metrics["obeyed"] == {str(motion): 1.0 for motion in prompts.DEFAULT}
    assert metrics["missed"] == []
    assert isinstance(metrics["first_frame_psnr"], float)
    assert metrics["first_frame_psnr"] > 30.0  # what H.264 leaves of a small picture's colours
    assert metrics["energy_where_shown"] == pytest.approx(1.0)
    assert isinstance(metrics["flicker"], float)
    assert metrics["flicker"] < 0.02


def test_a_motion_that_the_engine_does_not_make_is_missed(
    metrics_without_pan_left: dict[str, Value],
) -> None:
    metrics = metrics_without_pan_left
    assert metrics["obeyed"] == {"pan_left": 0.0, "zoom_in": 1.0}
    assert metrics["missed"] == ["drawn1__pan_left__0"]
    assert metrics["camera_off"] == {
        "clips": 2,
        "obeyed": {"pan_left": 0.0, "zoom_in": 0.0},
        "obeyed_overall": 0.0,
        "missed": ["drawn1__pan_left__0", "drawn1__zoom_in__0"],
    }


def test_what_the_model_adds_is_compared_with_the_true_crop(
    metrics_without_pan_left: dict[str, Value],
) -> None:
    compared = metrics_without_pan_left["against_moved_picture"]
    assert isinstance(compared, dict)
    assert list(compared) == ["zoom_in", "zoom_out", "pan_left", "pan_right", "tilt_up"]
    for motion, errors in compared.items():
        assert isinstance(errors, dict)
        # The fake engine loses less than the coarse autoencoder, where it moves at all.
        less = float(str(errors["model_error"])) < float(str(errors["moved_error"]))
        assert less == (motion != "pan_left")


def test_each_prompt_gives_a_file_and_the_sheet_shows_them(tmp_path: Path) -> None:
    wanted = {Motion.TILT_UP: ["tilt up", "look up"]}
    evaluate(tmp_path, wanted, WarpingEngine(), all_prompts=True, compared=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "contact_sheet.png",
        "drawn1__tilt_up__0.mp4",
        "drawn1__tilt_up__1.mp4",
    ]
    video = cv2.VideoCapture(str(tmp_path / "drawn1__tilt_up__0.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 16
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert sheet.height > 200


@pytest.mark.parametrize("size", [(300, 200), (200, 300)])
def test_a_clip_has_its_pictures_aspect(size: tuple[int, int]) -> None:
    evaluator = ClipEvaluator(WarpingEngine(), small_model())
    width, height = evaluator.fit(photograph(size=size)).size
    assert (width > height) == (size[0] > size[1])


def test_the_sheet_shows_every_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    still = np.zeros((2, 8, 8, 3), np.uint8)
    measured = measure(track(still))
    specs = [
        ClipSpec(f"picture{n}", motion, 0, "prompt", Camera())
        for n in range(4)
        for motion in prompts.DEFAULT
    ]
    last = LastFrame(1.0)
    clips = [EvaluatedClip(spec, list(still), b"", 1.0, measured, 0, 0, 0, last) for spec in specs]
    monkeypatch.setattr(evaluation, "SHEET_ROWS", 20)
    shown = evaluation.choose_for_sheet(clips, len(prompts.DEFAULT))
    # All clips but the static ones are missed here: they follow the even choice.
    assert {clip.spec.motion for clip in shown[:20]} == set(prompts.DEFAULT)
    assert len({id(clip) for clip in shown}) == len(shown)
