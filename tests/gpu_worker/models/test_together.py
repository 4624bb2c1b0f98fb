"""Orders of several people in shared forward passes: each is the clip of its seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from gpu_worker.engine.api import Cancelled, Frames, OutOfMemory, Result, SharingEngine, Wish
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width as sharing
from gpu_worker.models.i2vgen_xl.checkpoint import locate as checkpoint
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.memory.fallback import Ladder
from gpu_worker.models.i2vgen_xl.pipeline import Draft, Maker
from gpu_worker.models.i2vgen_xl.pipeline import Order as Making
from gpu_worker.models.i2vgen_xl.progress_tracker import Watch
from gpu_worker.models.i2vgen_xl.sampling.denoise import Thrift
from storage.domain.camera.motion import Motion
from storage.domain.progress import Progress, Stage
from storage.domain.prompt.reading import Reading
from storage.domain.request import GenerationRequest

from .conftest import Order, engine_of


def latents(engine: I2VGenXL, requests: list[GenerationRequest], canvas: Canvas) -> torch.Tensor:
    """Return the latents of clips that are made together."""
    orders = [Making(request, canvas, Reading(Motion.ZOOM_IN)) for request in requests]
    watch = Watch(lambda _progress, _preview: None, lambda: False, 4)
    ladder = Ladder(engine.maker.unet, Thrift(), torch.device("cpu"))
    with torch.inference_mode():
        row = engine.presets[requests[0].preset]
        drafts = engine.maker.denoised(orders, row, ladder, watch)
        return torch.stack([draft.latents for draft in drafts])


def test_a_clip_is_the_same_as_the_second_of_a_batch(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    first, second = order(seed=1, prompt="a cat"), order(seed=2, prompt="a dog")
    alone = latents(moved_engine, [second], canvas)[0]
    beside = latents(moved_engine, [first, second], canvas)[1]
    assert float((alone - beside).norm() / alone.norm()) < 1e-3


class Guest:
    """Somebody whose clip is made in shared passes."""

    def __init__(self, request: GenerationRequest, canvas: Canvas, leaves_at: int = 99) -> None:
        self.heard: list[tuple[Progress, bytes | None]] = []
        self.gone = False
        self._leaves_at = leaves_at
        self.wish = Wish(request, canvas, self._hear, lambda: self.gone)

    def _hear(self, progress: Progress, preview: bytes | None) -> None:
        self.heard.append((progress, preview))
        self.gone = self.gone or progress.step >= self._leaves_at


def together(engine: I2VGenXL, guests: Sequence[Guest]) -> dict[int, Result]:
    """Return the clips that are made, by the guests' places."""
    made: dict[int, Result] = {}
    engine.generate_together([guest.wish for guest in guests], made.__setitem__)
    return made


def test_only_compatible_requests_go_together(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    assert isinstance(moved_engine, SharingEngine)
    with pytest.raises(ValueError, match="share"):
        together(moved_engine, [Guest(order(), canvas), Guest(order(steps=5), canvas)])


def test_clips_made_together_are_the_clips_that_were_asked_for(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    guests = [Guest(order(seed=1), canvas), Guest(order(seed=2, prompt="pan left"), canvas)]
    made = together(moved_engine, guests)
    for place, guest in enumerate(guests):
        alone = moved_engine.generate(guest.wish.request, canvas, lambda *_: None, lambda: False)
        assert (made[place].seed, made[place].motion) == (alone.seed, alone.motion)
        assert np.abs(made[place].frames.astype(int) - alone.frames).max() <= 1
        assert dict(made[place].scores).keys() == dict(alone.scores).keys()
        assert made[place].seconds > 0.0


def test_each_hears_of_all_steps_and_sees_its_own_preview(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    guests = [Guest(order(seed=seed, steps=8), canvas) for seed in (1, 2)]
    together(moved_engine, guests)
    for guest in guests:
        steps = [one.step for one, _ in guest.heard if one.stage is Stage.DENOISING]
        assert steps == list(range(9))
        assert {one.steps for one, _ in guest.heard} == {8}
    first, second = ([preview for _, preview in guest.heard if preview] for guest in guests)
    assert first
    assert len(first) == len(second)
    assert first[0] != second[0]


def test_who_leaves_changes_no_byte_of_the_others(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    both = together(moved_engine, [Guest(order(seed=seed), canvas) for seed in (1, 2)])
    left = together(
        moved_engine, [Guest(order(seed=1), canvas, leaves_at=2), Guest(order(seed=2), canvas)]
    )
    assert [*left] == [1]
    assert np.array_equal(left[1].frames, both[1].frames)


def test_once_all_have_left_no_further_step_is_taken(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    guests = [Guest(order(seed=seed), canvas, leaves_at=2) for seed in (1, 2)]
    with pytest.raises(Cancelled):
        together(moved_engine, guests)
    assert guests[0].heard[-1][0].step == 2


def test_a_lack_of_memory_is_told_before_anything_else_is_given_up(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object) -> None:
        raise MemoryError

    monkeypatch.setattr(moved_engine.maker.unet, "forward", full)
    with pytest.raises(OutOfMemory):
        together(moved_engine, [Guest(order(seed=seed), canvas) for seed in (1, 2)])


def test_a_pass_is_shared_by_what_candidates_left_and_measures_nothing(
    moved_engine: I2VGenXL,
    canvas: Canvas,
    order: Order,
    sharing_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert moved_engine.widths(order()) == ()
    assert not sharing_cache.exists()
    for count, width, known in ((2, 2, (2,)), (4, 4, (2, 4))):
        monkeypatch.setattr(sharing, "measure", lambda *_, width=width: width)
        moved_engine.generate(order(candidates=count), canvas, lambda *_: None, lambda: False)
        assert moved_engine.widths(order(prompt="another", seed=5)) == known
    assert moved_engine.widths(order(frames=8)) == ()
    monkeypatch.setattr(moved_engine, "has_compiled", lambda _request, width: width == 2)
    assert moved_engine.widths(order()) == (2,)


def test_passes_of_the_embedded_model_differ_by_rounding(
    canvas: Canvas, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, finished = engine_of(checkpoint.EMBEDDED), Maker.finished
    seen: dict[int, list[torch.Tensor]] = {1: [], 2: []}

    def kept(maker: Maker, draft: Draft, watch: Watch) -> Frames:
        seen[draft.order.request.seed].append(draft.latents)
        return finished(maker, draft, watch)

    monkeypatch.setattr(Maker, "finished", kept)
    asked = [order(seed=seed, frames=8, steps=3, guidance=2.0) for seed in seen]
    together(engine, [Guest(request, canvas) for request in asked])
    for request in asked:
        engine.generate(request, canvas, lambda _progress, _preview: None, lambda: False)
    for shared, alone in seen.values():
        assert float((shared - alone).norm() / alone.norm()) < 1e-3
