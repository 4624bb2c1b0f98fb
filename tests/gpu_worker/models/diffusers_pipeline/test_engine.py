"""Each family's real pipeline, with tiny random parts, makes clips by its row of the catalogue."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from gpu_worker.engine.api import Cancelled, OutOfMemory, Result
from gpu_worker.media.picture import Canvas, canvas_of
from gpu_worker.models.diffusers_pipeline.engine import DiffusersPipeline
from storage.domain.camera.motion import Motion
from storage.domain.clip import Adjustment
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest, Preset
from tests.gpu_worker.models.diffusers_pipeline.conftest import clip_of, make_engine
from tests.support.catalogue.admission import CATALOGUE
from tests.support.pipelines.families import FAMILIES

EngineOf = Callable[[str], DiffusersPipeline]
Seen = list[tuple[Progress, bytes | None]]

every_family = pytest.mark.parametrize("name", FAMILIES)


def generate(
    engine: DiffusersPipeline, clip: tuple[GenerationRequest, Canvas], seen: Seen | None = None
) -> Result:
    def on_progress(progress: Progress, preview: bytes | None) -> None:
        engine._pool.submit(int).result()  # a preview that was begun is there by now
        if seen is not None:
            seen.append((progress, preview))

    return engine.generate(*clip, on_progress, lambda: False)


@every_family
def test_a_clip_is_what_the_pipeline_itself_makes_with_the_rows_arguments(
    engine_of: EngineOf, folder_of: Callable[[str], Path], picture: Image.Image, name: str
) -> None:
    request, canvas = clip_of(name, picture)
    made = generate(engine_of(name), (request, canvas)).array
    row = CATALOGUE.models[name].pipeline
    folder = folder_of(FAMILIES[name][0])
    by_hand = getattr(diffusers, row.name or FAMILIES[name][0]).from_pretrained(folder)
    arguments: dict[str, Any] = {
        "image": Image.fromarray(canvas.fitted),
        "width": request.width,
        "height": request.height,
        "num_frames": request.frames,
        "num_inference_steps": 5,
        "generator": torch.Generator().manual_seed(7),
        "output_type": "np",
        **row.arguments,
    }
    if name == "svd-xt":
        arguments |= {"max_guidance_scale": 3.0, "fps": 7}
    else:
        arguments |= {"prompt": "a cat", "guidance_scale": request.guidance}
    if name == "ltx-video":
        arguments["frame_rate"] = 24
    expected = (by_hand(**arguments).frames[0] * 255).round().astype(np.uint8)
    assert made.shape == (request.frames, request.height, request.width, 3)
    np.testing.assert_array_equal(made, expected)


@every_family
def test_steps_are_told_with_previews_and_the_seed_decides(
    engine_of: EngineOf, picture: Image.Image, name: str
) -> None:
    seen: Seen = []
    engine = engine_of(name)
    first = generate(engine, clip_of(name, picture), seen)
    steps = [one.step for one, _ in seen if one.stage is Stage.DENOISING]
    assert steps == [0, 1, 2, 3, 4, 5]
    assert seen[0][0].stage is Stage.PREPARING
    assert seen[-1][0].stage is Stage.DECODING
    assert all(one.steps == 5 for one, _ in seen)
    assert seen[-2][0].eta is not None
    previews = [preview for _, preview in seen if preview]
    assert previews
    assert Image.open(io.BytesIO(previews[-1])).format == "WEBP"
    again = generate(engine, clip_of(name, picture))
    other = generate(engine, clip_of(name, picture, seed=8))
    assert (first.array == again.array).all()
    assert (first.array != other.array).any()
    assert (first.seed, first.motion, first.adjustments) == (7, Motion.AUTO, ())
    assert {"first_frame", "flicker"} <= dict(first.scores).keys()


@every_family
def test_a_cancel_is_heeded_before_the_next_pass(
    engine_of: EngineOf, picture: Image.Image, name: str
) -> None:
    engine = engine_of(name)
    seen: list[Progress] = []
    pipeline = engine.ladder.pipeline
    denoiser = pipeline.unet if name == "svd-xt" else pipeline.transformer
    passes = []
    hook = denoiser.register_forward_hook(lambda *_: passes.append(len(seen)))
    try:
        with pytest.raises(Cancelled):
            engine.generate(
                *clip_of(name, picture), lambda one, _: seen.append(one), lambda: bool(passes)
            )
    finally:
        hook.remove()
    assert len(passes) == 1
    assert generate(engine, clip_of(name, picture)).frames is not None


@every_family
def test_a_cancel_is_heeded_while_frames_are_decoded(
    engine_of: EngineOf, picture: Image.Image, name: str
) -> None:
    stages: list[Stage] = []
    with pytest.raises(Cancelled):
        engine_of(name).generate(
            *clip_of(name, picture, steps=2),
            lambda one, _: stages.append(one.stage),
            lambda: Stage.DECODING in stages,
        )


def test_a_preset_is_the_rows_share_of_the_steps(engine_of: EngineOf, picture: Image.Image) -> None:
    seen: Seen = []
    clip = clip_of("ltx-video", picture, steps=10, preset=Preset.DRAFT)
    generate(engine_of("ltx-video"), clip, seen)
    assert seen[-1][0].steps == 4


def test_words_of_the_request_go_before_the_rows(engine_of: EngineOf, picture: Image.Image) -> None:
    engine = engine_of("wan2.2-ti2v-5b")
    usual = generate(engine, clip_of("wan2.2-ti2v-5b", picture)).array
    mine = generate(engine, clip_of("wan2.2-ti2v-5b", picture, negative_prompt="dogs")).array
    assert (usual != mine).any()


def short_of_memory(engine: DiffusersPipeline, monkeypatch: Any, failures: int) -> list[int]:
    """Let so many passes fail for want of memory; return the number of tokens of each pass."""
    transformer, tokens = engine.ladder.pipeline.transformer, []
    forward = transformer.forward

    def failing(*arguments: Any, **named: Any) -> Any:
        tokens.append(named["hidden_states"].shape[1])
        if len(tokens) <= failures:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(*arguments, **named)

    monkeypatch.setattr(transformer, "forward", failing)
    return tokens


def test_short_memory_first_tiles_then_makes_the_next_smaller_resolution(
    folder_of: Callable[[str], Path],
    engine_of: EngineOf,
    picture: Image.Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = engine_of("ltx-video")
    usual = generate(engine, clip_of("ltx-video", picture))
    with monkeypatch.context() as patched:
        short_of_memory(engine, patched, 1)
        tiled = generate(engine, clip_of("ltx-video", picture))
    assert tiled.adjustments == (Adjustment("adjusted_tiling"),)
    assert not engine.ladder.pipeline.vae.use_tiling
    assert (tiled.array == usual.array).all()
    row = CATALOGUE.models["ltx-video"]
    small = replace(row, resolutions={"96p": 96, "128p": 128, "192p": 192})
    engine = make_engine(folder_of("LTXPipeline"), small)
    engine.load()
    request = row.request((192, 128), picture="x", prompt="a", seed=1, frames=9, steps=1)
    with monkeypatch.context() as patched:
        tokens = short_of_memory(engine, patched, 2)
        smaller = generate(engine, (request, canvas_of(picture, 192, 128)))
    assert smaller.array.shape == (9, 96, 160, 3)
    note = Adjustment("adjusted_smaller", (("width", "160"), ("height", "96")))
    assert smaller.adjustments == (Adjustment("adjusted_tiling"), note)
    assert tokens[0] == tokens[1] > tokens[2]


def test_a_step_that_memory_does_not_suffice_for_is_one_of_those_given_up(
    engine_of: EngineOf, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of("cogvideox-5b-i2v")

    def failing(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        short_of_memory(engine, patched, 9)
        patched.setattr(engine.ladder.pipeline.vae, "enable_tiling", failing)
        with pytest.raises(OutOfMemory):
            generate(engine, clip_of("cogvideox-5b-i2v", picture))


def test_a_model_of_one_size_ends_without_memory(
    engine_of: EngineOf, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of("cogvideox-5b-i2v")
    with monkeypatch.context() as patched:
        short_of_memory(engine, patched, 9)
        with pytest.raises(OutOfMemory):
            generate(engine, clip_of("cogvideox-5b-i2v", picture))
    assert generate(engine, clip_of("cogvideox-5b-i2v", picture)).adjustments == ()


def test_any_other_error_is_none_of_memory(
    engine_of: EngineOf, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of("ltx-video")

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("illegal memory access")

    monkeypatch.setattr(engine.ladder.pipeline.transformer, "forward", broken)
    with pytest.raises(RuntimeError, match="illegal"):
        generate(engine, clip_of("ltx-video", picture))


def test_frames_that_are_no_numbers_are_no_clip(
    folder_of: Callable[[str], Path], picture: Image.Image
) -> None:
    engine = make_engine(folder_of("LTXPipeline"), CATALOGUE.models["ltx-video"])
    engine.load()
    next(engine.ladder.pipeline.vae.decoder.parameters()).data.fill_(float("nan"))
    with pytest.raises(RuntimeError, match="ltx-video made frames that are no numbers"):
        generate(engine, clip_of("ltx-video", picture, steps=1))


def test_another_number_of_frames_than_asked_is_the_rows_fault(
    engine_of: EngineOf, picture: Image.Image
) -> None:
    with pytest.raises(RuntimeError, match="the row of ltx-video states other steps"):
        generate(engine_of("ltx-video"), clip_of("ltx-video", picture, frames=12, steps=1))
