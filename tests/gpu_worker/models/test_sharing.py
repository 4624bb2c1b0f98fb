"""Candidates share their forward passes where that was measured to pay, and only there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gpu_worker.engine.api import Cancelled
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width
from gpu_worker.models.i2vgen_xl.checkpoint import locate
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.measurement_cache import measured_once
from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.pipeline import ClipInputs, Pipeline
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from storage.domain.camera.motion import Motion, Reading
from storage.domain.progress import Progress, Stage

from .conftest import Order, engine_of


@pytest.fixture
def widths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many clips each denoising held."""
    seen: list[int] = []
    denoise_clips = Pipeline.denoise_clips

    def counted(pipeline: Pipeline, orders, *rest):  # type: ignore[no-untyped-def]  # passed on as it is
        seen.append(len(orders))
        return denoise_clips(pipeline, orders, *rest)

    monkeypatch.setattr(Pipeline, "denoise_clips", counted)
    return seen


def fixed(width: int) -> Callable[..., int]:
    """Return a measurement with this answer."""
    return lambda *_: width


def takes(**seconds: float) -> Callable[[int], float]:
    """Return what passes of one, two and four clips take."""
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
    assert batch_width.fastest_width(takes(**seconds), most) == width


def test_one_round_that_does_not_pay_is_enough() -> None:
    times = iter([1.0, 1.0, 1.0, 1.0, 1.0, 2.0])
    assert batch_width.fastest_width(lambda _clips: next(times), 4) == 1


@pytest.mark.parametrize(("clips", "room", "most"), [(1, 9, 1), (3, 9, 2), (8, 9, 4), (8, 3, 2)])
def test_no_more_clips_are_tried_than_there_are_or_than_fit(
    clips: int, room: int, most: int
) -> None:
    assert batch_width.widest_fitting(clips, lambda width: width <= room) == most


def test_what_was_measured_once_is_kept(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, sharing_cache: Path, widths: list[int]
) -> None:
    asked = order(candidates=2, steps=2)
    moved_engine.generate(asked, canvas, lambda _progress, _preview: None, lambda: False)
    assert widths[:2] == [1, 2]
    kept = sharing_cache.read_text()
    assert "64x64x4" in kept
    widths.clear()
    moved_engine.generate(asked, canvas, lambda _progress, _preview: None, lambda: False)
    assert sum(widths) == 2
    assert sharing_cache.read_text() == kept


def test_a_cancel_while_it_is_measured_leaves_nothing(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, sharing_cache: Path
) -> None:
    with pytest.raises(Cancelled):
        moved_engine.generate(
            order(candidates=2), canvas, lambda _progress, _preview: None, lambda: True
        )
    assert not sharing_cache.exists()


@pytest.mark.parametrize(
    "cache", ["~nobody-of-this-name/batch_width.json", "file/batch_width.json", "list.json"]
)
def test_what_cannot_be_read_or_kept_is_measured_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert measured_once(Path(cache), "a clip", lambda: 2) == 2


@pytest.mark.parametrize("name", ["moved", "embedded"])
def test_a_clip_is_the_same_as_the_second_of_a_batch(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, name: str
) -> None:
    engine = engine_of(locate.EMBEDDED) if name == "embedded" else moved_engine
    first, second = (
        ClipInputs(
            order(seed=seed, frames=8, steps=3, guidance=2.0), canvas, Reading(Motion.ZOOM_IN)
        )
        for seed in (1, 2)
    )

    def latents(*orders: ClipInputs) -> torch.Tensor:
        watch = ProgressTracker(lambda _progress, _preview: None, lambda: False, 3)
        ladder = MemoryFallback(engine.pipeline.unet, torch.device("cpu"))
        with torch.inference_mode():
            row = engine.presets[second.request.preset]
            return engine.pipeline.denoise_clips(orders, row, ladder, watch)[-1].latents

    alone, beside = latents(second), latents(first, second)
    assert float((alone - beside).norm() / alone.norm()) < 1e-3


def test_one_clip_measures_nothing(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, sharing_cache: Path
) -> None:
    moved_engine.generate(order(), canvas, lambda _progress, _preview: None, lambda: False)
    assert not sharing_cache.exists()


def test_candidates_share_their_passes_where_it_pays(
    moved_engine: I2VGenXL,
    canvas: Canvas,
    order: Order,
    widths: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Progress] = []

    def make(width: int) -> dict[str, float]:
        monkeypatch.setattr(batch_width, "measure", fixed(width))
        monkeypatch.setattr(batch_width, "CACHE", batch_width.CACHE.with_name(f"{width}.json"))
        asked = order(candidates=3, seed=11)
        made = moved_engine.generate(asked, canvas, lambda one, _: seen.append(one), lambda: False)
        return dict(made.scores)

    apart = make(1)
    seen.clear()
    widths.clear()
    together = make(2)
    assert widths == [2, 1]
    assert together.keys() == apart.keys()
    assert together["first_frame"] == pytest.approx(apart["first_frame"], rel=1e-2)
    steps = [one.step for one in seen if one.stage is Stage.DENOISING]
    assert steps == [0, 2, 4, 6, 8, 8, 9, 10, 11, 12]
    assert all(one.steps == 12 for one in seen if one.stage is Stage.DENOISING)


def test_a_lack_of_memory_ends_the_sharing_and_not_the_clip(
    moved_engine: I2VGenXL,
    canvas: Canvas,
    order: Order,
    widths: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, run = order(candidates=2), moved_engine.pipeline.unet.forward

    def tight(sample, *rest):  # type: ignore[no-untyped-def]  # passed on as it is
        if sample.shape[0] > 1:
            raise MemoryError
        return run(sample, *rest)

    def make() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        result = moved_engine.generate(
            asked, canvas, lambda _progress, _preview: None, lambda: False
        )
        assert result.adjustments == ()
        return result.frames

    monkeypatch.setattr(batch_width, "choose_width", fixed(1))
    alone = make()
    monkeypatch.setattr(batch_width, "choose_width", fixed(2))
    monkeypatch.setattr(moved_engine.pipeline.unet, "forward", tight)
    widths.clear()
    assert np.array_equal(make(), alone)
    assert widths == [2, 1, 1]
