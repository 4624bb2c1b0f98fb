"""The full checkpoint's steps at the product's defaults, with and without a named camera."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from gpu_worker.engine.api import Cancelled
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.catalogue_file import load_catalogue
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest

CATALOGUE = load_catalogue()
FULL = Admission(CATALOGUE, CATALOGUE.profiles["h100"])


def small_request(options: Options) -> GenerationRequest:
    """Return a small clip's request with the full checkpoint's defaults."""
    request = FULL.admit(options.replace(model="i2vgen-xl"), "x", (64, 64), seed=7)
    assert request.steps == 50
    return replace(request, width=64, height=64, frames=4)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        (Options("a cat on a sofa"), 50),
        (Options("a cat on a sofa, zoom in"), 36),
        (Options("镜头向左平移"), 36),
        (Options("a cat on a sofa", camera="pan_left"), 36),
        (Options("a cat on a sofa", path="1 right 0.2"), 36),
        (Options("first zoom in, then pan left"), 36),
        (Options("a cat on a sofa", strength=1.0), 22),
        (Options("zoom in", strength=0.0), 50),
    ],
    ids=repr,
)
def test_steps_are_skipped_only_for_a_camera_that_somebody_names(
    still_engine: I2VGenXL, canvas: Canvas, options: Options, steps: int
) -> None:
    reports: list[Progress] = []

    def counted() -> bool:
        return bool(reports) and reports[-1].stage is Stage.DENOISING

    with pytest.raises(Cancelled):
        still_engine.generate(
            small_request(options), canvas, lambda report, _: reports.append(report), counted
        )
    assert reports[-1].steps == steps


def test_as_many_steps_are_taken_as_are_announced(still_engine: I2VGenXL, canvas: Canvas) -> None:
    reports: list[Progress] = []
    request = small_request(Options("a cat on a sofa, zoom in"))
    still_engine.generate(request, canvas, lambda report, _: reports.append(report), lambda: False)
    steps = [report.step for report in reports if report.stage is Stage.DENOISING]
    assert steps == list(range(37))


def test_a_strength_is_shown_only_where_it_is_not_the_default() -> None:
    for options, shown in (
        (Options("a cat"), None),
        (Options("zoom in"), None),
        (Options("a cat", strength=1.0), 1.0),
        (Options("zoom in", strength=1.0), 1.0),
    ):
        request = FULL.admit(options.replace(model="i2vgen-xl"), "x", (64, 64), seed=7)
        again = FULL.options_of(request)
        assert again.get("strength") == shown
        assert FULL.admit(again, "x", (64, 64), seed=0).fingerprint == request.fingerprint


def test_the_embedded_model_obeys_its_drift_as_firmly_as_any_motion() -> None:
    for prompt in ("a cat", "zoom in"):
        request = FULL.admit(Options(prompt, model="embedded"), "x", (64, 64), seed=7)
        assert request.camera.strength == 1.0
        assert FULL.options_of(request)["strength"] == 1.0
