"""Tests of a whole evaluation, with an engine that only moves the picture."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gpu_worker.lab.evaluate import prompts
from gpu_worker.lab.evaluate.clip_evaluator import Asked, Bench, Made
from gpu_worker.lab.evaluate.evaluation import Course, chosen
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.lab.evaluate.prompts import Prompts
from gpu_worker.media.motion import measure
from storage.catalogue_file import load_catalogue
from storage.domain.camera.motion import Motion
from tests.gpu_worker.lab.evaluate.warping_engine import WarpingEngine
from tests.gpu_worker.media.test_motion import picture


def photograph(seed: int) -> Photograph:
    """Return a drawn picture as a PNG."""
    target = io.BytesIO()
    Image.fromarray(picture(seed)).save(target, "PNG")
    return Photograph(f"drawn{seed}", target.getvalue())


def course(
    out: Path,
    wanted: Prompts,
    engine: WarpingEngine,
    every: bool = False,
    compared: int = 1,
) -> Course:
    """Return a small evaluation whose autoencoder blurs."""
    return Course(
        bench=Bench(engine, load_catalogue().model("embedded")),
        recode=lambda frames: frames // 16 * 16,
        photographs=[photograph(1)],
        prompts=wanted,
        out=out,
        every=every,
        compared=compared,
        say=lambda line: None,
    )


def test_an_engine_that_obeys_is_seen_to_obey(tmp_path: Path) -> None:
    report = course(tmp_path, prompts.DEFAULT, WarpingEngine(), compared=0).run()
    assert report["clips"] == 10
    assert report["obeyed_overall"] == 1.0
    assert report["obeyed"] == {str(motion): 1.0 for motion in prompts.MOTIONS}
    assert report["missed"] == []
    assert report["first_frame_psnr"] == 99.0
    assert report["first_frame_ssim"] == 1.0
    assert isinstance(report["flicker"], float)
    assert report["flicker"] < 0.02


def test_an_engine_that_disobeys_is_found_out(tmp_path: Path) -> None:
    wanted = {Motion.PAN_LEFT: ["pan left"], Motion.ZOOM_IN: ["zoom in"]}
    report = course(tmp_path, wanted, WarpingEngine(Motion.PAN_LEFT)).run()
    assert report["obeyed"] == {"pan_left": 0.0, "zoom_in": 1.0}
    assert report["missed"] == ["drawn1__pan_left__0"]
    assert report["camera_off"] == {
        "clips": 2,
        "obeyed": {"pan_left": 0.0, "zoom_in": 0.0},
        "obeyed_overall": 0.0,
        "missed": ["drawn1__pan_left__0", "drawn1__zoom_in__0"],
    }


def test_each_wording_becomes_a_file_and_the_sheet_shows_them(tmp_path: Path) -> None:
    wanted = {Motion.TILT_UP: ["tilt up", "look up"]}
    course(tmp_path, wanted, WarpingEngine(), every=True).run()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "contact_sheet.png",
        "drawn1__tilt_up__0.mp4",
        "drawn1__tilt_up__1.mp4",
    ]
    video = cv2.VideoCapture(str(tmp_path / "drawn1__tilt_up__0.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 16
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert sheet.height > 200


def test_what_the_model_adds_is_judged_by_the_true_crop(tmp_path: Path) -> None:
    report = course(tmp_path, {Motion.STATIC: ["hold still"]}, WarpingEngine()).run()
    compared = report["against_moved_picture"]
    assert isinstance(compared, dict)
    assert list(compared) == ["zoom_in", "zoom_out", "pan_left", "pan_right"]
    for errors in compared.values():
        assert isinstance(errors, dict)
        # The fake engine loses less than the coarse autoencoder does.
        assert float(str(errors["model_error"])) < float(str(errors["moved_error"]))


@pytest.mark.parametrize("sizes", [(300, 200), (200, 300)])
def test_a_clip_has_its_pictures_shape(sizes: tuple[int, int]) -> None:
    target = io.BytesIO()
    Image.fromarray(picture()).resize(sizes).save(target, "PNG")
    bench = Bench(WarpingEngine(), load_catalogue().model("embedded"))
    width, height = bench.fitted(Photograph("p", target.getvalue())).size
    assert (width > height) == (sizes[0] > sizes[1])


def test_the_sheet_shows_every_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    still = np.zeros((2, 8, 8, 3), np.uint8)
    clips = [
        Made(Asked(f"picture{n}", motion, 0, "prompt"), still, 1.0, measure(still), 0, 0, 0, 0)
        for n in range(4)
        for motion in prompts.MOTIONS
    ]
    monkeypatch.setattr("gpu_worker.lab.evaluate.evaluation._SHEET_ROWS", 20)
    shown = chosen(clips, len(prompts.MOTIONS))
    # Nothing but "static" is obeyed here: the misses follow the even choice.
    assert {made.asked.motion for made in shown[:20]} == set(prompts.MOTIONS)
    assert len({id(made) for made in shown}) == len(shown)
