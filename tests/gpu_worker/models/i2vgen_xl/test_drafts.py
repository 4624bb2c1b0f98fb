"""Drafts are those of their seeds, show what their clips become, and are what the judge sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gpu_worker.engine.api import Result
from gpu_worker.media import quality, warp
from gpu_worker.media.clips.clip_grid import ClipGrid, badge
from gpu_worker.media.frames import Frame, Frames, stacked
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.domain.camera.motion import Motion, Reading
from storage.domain.drafts.candidates import in_full, pick
from storage.domain.request import DenoisedShape, GenerationRequest
from tests.gpu_worker.render.scenes import photograph, whole
from tests.support.models import generate, tiny_request

SIZE = (64, 64)


@pytest.fixture(autouse=True)
def unshared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each draft in passes of its own, which round alike."""
    monkeypatch.setattr(batch_width, "measure", lambda *_: 1)


@pytest.fixture(scope="module")
def coffee() -> Canvas:
    """Return a photograph that goes on to both sides of its window."""
    return replace(whole(photograph("coffee", 240)), window=(40.0, 0.0, 160.0, 160.0), size=SIZE)


def make(engine: I2VGenXL, canvas: Canvas, request: GenerationRequest) -> Result:
    return engine.generate(request, canvas, lambda *_: None, lambda: False)


def cell(result: Result, number: int) -> Frames:
    """Return one draft without the columns that its number covers."""
    grid = result.frames
    assert isinstance(grid, ClipGrid)
    rows, across = grid.place(number)
    return stacked(grid)[:, rows, across][:, :, hidden(SIZE) :]


def hidden(size: tuple[int, int]) -> int:
    centre, radius = badge(*size)
    return centre + radius + 3  # with its soft edge


@pytest.mark.parametrize(
    ("prompt", "denoised"), [("steam rises", None), ("zoom in", DenoisedShape(64, 64, 8))]
)
def test_each_cell_is_the_draft_of_its_seed_made_alone(
    moved_engine: I2VGenXL, coffee: Canvas, prompt: str, denoised: DenoisedShape | None
) -> None:
    canvas = replace(coffee, size=(128, 128))
    request = tiny_request(
        prompt=prompt, width=128, height=128, frames=8, candidates=2, drafts=SIZE
    )
    request = replace(request, denoised=denoised)
    result = make(moved_engine, canvas, request)
    assert [one.seed for one in result.candidates] == [7, 8]
    for number, one in enumerate(result.candidates):
        alone = in_full(request, one.seed, one.camera)
        draft = make(moved_engine, canvas, replace(alone, drafts=SIZE))
        assert np.array_equal(cell(result, number), cell(draft, 0))
        assert draft.motion is one.motion


def test_the_drafts_of_an_open_order_move_differently(
    moved_engine: I2VGenXL, coffee: Canvas
) -> None:
    request = tiny_request(prompt="steam rises", candidates=4, drafts=SIZE)
    result = make(moved_engine, coffee, request)
    shown = [one.motion for one in result.candidates]
    assert shown == [Motion.DRIFT, Motion.ZOOM_IN, Motion.PAN_RIGHT, Motion.PAN_LEFT]
    assert result.candidates[0].camera == Reading(Motion.AUTO)


def test_a_draft_shows_the_clip_that_it_becomes(embedded_engine: I2VGenXL, coffee: Canvas) -> None:
    canvas = replace(coffee, size=(128, 128))
    request = tiny_request(
        prompt="waves", width=128, height=128, frames=12, steps=4, guidance=1.0, candidates=3
    )
    request = replace(request, drafts=SIZE, denoised=DenoisedShape(64, 64, 8))
    drafted = make(embedded_engine, canvas, request)
    for number, one in enumerate(drafted.candidates):
        full = make(embedded_engine, canvas, in_full(request, one.seed, one.camera))
        assert (full.seed, full.motion) == (one.seed, one.motion)
        for shown, frame in zip(cell(drafted, number), full.frames, strict=True):
            assert quality.psnr(shown, small(frame)) > 24


def small(frame: Frame) -> Frame:
    """Return a clip's frame as a draft shows it, without what its number covers."""
    return warp.resized(frame, SIZE)[:, hidden(SIZE) :]


def test_the_judge_marks_one_of_the_drafts_that_are_shown(
    moved_engine: I2VGenXL, coffee: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[Frames] = []

    def score(frames: Frames, _prompt: str) -> float:
        judged.append(frames)
        return 1.0 if len(judged) == 2 else 0.0

    monkeypatch.setattr(moved_engine, "_clip_scorer", score)
    request = tiny_request(frames=4, candidates=3, drafts=SIZE)
    rendered = replace(request, denoised=DenoisedShape(64, 64, 4))
    result = make(moved_engine, replace(coffee, size=(128, 128)), rendered)
    assert pick(result.candidates) == 1
    assert result.seed == result.candidates[1].seed
    for number, frames in enumerate(judged):
        assert np.array_equal(frames[:, :, hidden(SIZE) :], cell(result, number))


def test_the_judge_alone_keeps_one_whole_clip(moved_engine: I2VGenXL, canvas: Canvas) -> None:
    result = generate(moved_engine, canvas, candidates=2)
    assert result.candidates == ()
    assert result.array.shape == (4, 64, 64, 3)
