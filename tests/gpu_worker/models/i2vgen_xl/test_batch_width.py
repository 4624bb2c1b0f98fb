"""Candidates share forward passes where that was measured to pay, and only there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gpu_worker.engine.api import Cancelled
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.pipeline import Pipeline
from storage.domain.progress import Progress, Stage
from tests.support.models import generate, tiny_request


@pytest.fixture
def widths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many clips each denoising held."""
    seen: list[int] = []
    denoise_clips = Pipeline.denoise_clips

    def counted(pipeline: Pipeline, inputs, *rest):  # type: ignore[no-untyped-def]  # passed on
        seen.append(len(inputs))
        return denoise_clips(pipeline, inputs, *rest)

    monkeypatch.setattr(Pipeline, "denoise_clips", counted)
    return seen


def fixed(width: int) -> Callable[..., int]:
    """Return a measurement with this answer."""
    return lambda *_: width


def seconds_of(**seconds: float) -> Callable[[int], float]:
    """Return the seconds of passes of one, two and four clips."""
    return lambda clips: seconds[{1: "one", 2: "two", 4: "four"}[clips]]


@pytest.mark.parametrize(
    ("seconds", "most", "width"),
    [
        ({"one": 1.0, "two": 2.0}, 4, 1),
        ({"one": 1.0, "two": 1.95}, 4, 1),
        ({"one": 1.0, "two": 1.2, "four": 2.4}, 4, 2),
        ({"one": 1.0, "two": 1.2, "four": 1.6}, 4, 4),
        ({"one": 1.0, "two": 1.2}, 2, 2),
        ({"one": 1.0, "two": float("inf")}, 4, 1),
    ],
)
def test_a_pass_is_as_wide_as_it_pays(seconds: dict[str, float], most: int, width: int) -> None:
    assert batch_width.fastest_width(seconds_of(**seconds), most) == width


def test_one_round_that_does_not_pay_is_enough() -> None:
    times = iter([1.0, 1.0, 1.0, 1.0, 1.0, 2.0])
    assert batch_width.fastest_width(lambda _clips: next(times), 4) == 1


@pytest.mark.parametrize(("clips", "fitting", "most"), [(1, 9, 1), (3, 9, 2), (8, 9, 4), (8, 3, 2)])
def test_no_more_clips_are_tried_than_there_are_or_than_fit(
    clips: int, fitting: int, most: int
) -> None:
    assert batch_width.widest_fitting(clips, lambda width: width <= fitting) == most


def test_what_was_measured_once_is_kept(
    moved_engine: I2VGenXL,
    canvas: Canvas,
    width_cache: Path,
    widths: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_width, "ROUNDS", 1)
    generate(moved_engine, canvas, candidates=2, steps=2)
    assert widths[:2] == [1, 2]
    kept = width_cache.read_text()
    assert "64x64x4" in kept
    widths.clear()
    generate(moved_engine, canvas, candidates=2, steps=2)
    assert sum(widths) == 2
    assert width_cache.read_text() == kept


def test_a_cancel_while_it_is_measured_keeps_nothing(
    moved_engine: I2VGenXL, canvas: Canvas, width_cache: Path
) -> None:
    with pytest.raises(Cancelled):
        moved_engine.generate(tiny_request(candidates=2), canvas, lambda *_: None, lambda: True)
    assert not width_cache.exists()


def test_one_clip_measures_nothing(
    moved_engine: I2VGenXL, canvas: Canvas, width_cache: Path
) -> None:
    generate(moved_engine, canvas, steps=2)
    assert not width_cache.exists()


def test_candidates_share_their_passes_where_it_pays(
    moved_engine: I2VGenXL, canvas: Canvas, widths: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_width, "measure", fixed(2))
    seen: list[Progress] = []
    result = moved_engine.generate(
        tiny_request(candidates=3, seed=11), canvas, lambda one, _: seen.append(one), lambda: False
    )
    assert widths == [2, 1]
    assert {"seed_11", "seed_12", "seed_13"} <= dict(result.scores).keys()
    steps = [one.step for one in seen if one.stage is Stage.DENOISING]
    assert steps == [0, 2, 4, 6, 8, 8, 9, 10, 11, 12]
    assert all(one.steps == 12 for one in seen if one.stage is Stage.DENOISING)


def test_a_lack_of_memory_ends_the_sharing_and_not_the_clip(
    moved_engine: I2VGenXL, canvas: Canvas, widths: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = moved_engine.pipeline.unet.forward

    def lacking(sample, *rest, **named):  # type: ignore[no-untyped-def]  # passed on as it is
        if sample.shape[0] > 1:
            raise MemoryError
        return run(sample, *rest, **named)

    def frames() -> Frames:
        result = generate(moved_engine, canvas, candidates=2, steps=2)
        assert result.adjustments == ()
        return result.array

    monkeypatch.setattr(batch_width, "choose_width", fixed(1))
    alone = frames()
    monkeypatch.setattr(batch_width, "choose_width", fixed(2))
    monkeypatch.setattr(moved_engine.pipeline.unet, "forward", lacking)
    widths.clear()
    assert np.array_equal(frames(), alone)
    assert widths == [2, 1, 1]
