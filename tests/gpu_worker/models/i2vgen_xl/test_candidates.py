"""Candidates of one clip are scored, the best is kept, and its scores are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers.models.clip.configuration_clip import (
    CLIPConfig,
    CLIPTextConfig,
    CLIPVisionConfig,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.clip.modeling_clip import CLIPModel

from gpu_worker.media import motion
from gpu_worker.media.motion import MeasuredMotion
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width
from gpu_worker.models.i2vgen_xl.candidates import (
    load_clip_scorer,
    motion_score,
    score_candidate,
)
from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import byte_tokenizer
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import TINY
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.memory.offload import OffloadedModules
from gpu_worker.render.opening_frame import OpeningFrame
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose
from storage.domain.progress import Progress, Stage
from tests.support.fake_gpu import fake_gpu
from tests.support.models import generate, load_engine, tiny_request

SIDE = 32


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a tiny CLIP model with its tokenizer and its preprocessor."""
    folder = tmp_path_factory.mktemp("clip")
    shape: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    text = CLIPTextConfig(
        vocab_size=TINY.vocabulary,
        max_position_embeddings=TINY.tokens,
        bos_token_id=TINY.vocabulary - 2,
        eos_token_id=TINY.vocabulary - 1,
        **shape,
    )
    vision = CLIPVisionConfig(image_size=SIDE, patch_size=8, **shape)
    torch.manual_seed(4)
    model: Any = CLIPModel(
        CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=8)
    )
    model.save_pretrained(folder)
    byte_tokenizer(TINY).save_pretrained(str(folder))
    crop = {"height": SIDE, "width": SIDE}
    CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=crop).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("width", [1, 2])
def test_the_best_candidate_is_kept_and_is_the_clip_of_its_seed(
    moved_engine: I2VGenXL, canvas: Canvas, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_width, "measure", lambda *_: width)
    seen: list[Progress] = []
    result = moved_engine.generate(
        tiny_request(candidates=2, seed=11), canvas, lambda one, _: seen.append(one), lambda: False
    )
    scores = dict(result.scores)
    assert {"first_frame", "flicker", "motion", "shake", "seed_11", "seed_12"} == set(scores)
    assert scores[f"seed_{result.seed}"] == max(scores["seed_11"], scores["seed_12"])
    steps = [one.step for one in seen if one.stage is Stage.DENOISING]
    assert steps == sorted(steps)
    assert steps[-1] == 8
    assert all(one.steps == 8 for one in seen if one.stage is Stage.DENOISING)
    alone = generate(moved_engine, canvas, seed=result.seed).array
    # Shared passes round in another order: then it is the same clip, not the same bytes.
    assert np.abs(result.array.astype(int) - alone).max() <= width - 1


def test_a_path_of_several_motions_has_no_motion_score(
    moved_engine: I2VGenXL, canvas: Canvas
) -> None:
    there_and_back = Camera(keyframes=(Keyframe(0.5, Pose(zoom=1.3)), Keyframe(1.0, Pose(dx=0.2))))
    result = generate(moved_engine, canvas, prompt="zoom in", camera=there_and_back)
    assert result.motion is Motion.AUTO
    assert {name for name, _value in result.scores} == {"first_frame", "flicker"}


def test_each_pair_of_frames_is_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    between = motion.between

    def counted(before: motion.Grey, after: motion.Grey) -> motion.Similarity:
        compared.append(1)
        return between(before, after)

    monkeypatch.setattr(motion, "between", counted)
    frames = np.random.default_rng(0).integers(0, 256, (4, SIDE, SIDE, 3)).astype(np.uint8)
    score_candidate(frames, 0, OpeningFrame.of(frames[0]), Motion.PAN_LEFT, None)
    assert len(compared) == 3


def test_a_camera_that_moves_as_asked_scores_higher() -> None:
    as_asked = MeasuredMotion(pan=-0.2, tilt=0.0, zoom=0.0, roll=0.0, shake=0.0)
    mixed = MeasuredMotion(pan=-0.1, tilt=0.1, zoom=0.0, roll=0.0, shake=0.0)
    opposite = MeasuredMotion(pan=0.2, tilt=0.0, zoom=0.0, roll=0.0, shake=0.0)
    scores = [motion_score(one, Motion.PAN_LEFT) for one in (as_asked, mixed, opposite)]
    assert scores[0] > scores[1] > scores[2] == 0.0
    assert motion_score(as_asked, Motion.STATIC) < 1.0


@pytest.mark.filterwarnings("ignore")
def test_the_clip_score_depends_on_the_prompt_and_lies_within_one(clip_folder: Path) -> None:
    score = load_clip_scorer(clip_folder, torch.device("cpu"))
    noise = np.random.default_rng(1).integers(0, 255, (6, 48, 64, 3)).astype(np.uint8)
    found = [score(noise, prompt) for prompt in ("a cat", "an extremely long boat " * 40)]
    assert all(-1.0 <= one <= 1.0 for one in found)
    assert found[0] != found[1]


@pytest.mark.filterwarnings("ignore")
def test_a_judge_is_on_the_gpu_only_while_it_scores(
    clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (6, 48, 64, 3)).astype(np.uint8)
    expected = load_clip_scorer(clip_folder, torch.device("cpu"))(noise, "a cat")
    modules: list[OffloadedModules] = []
    offload = OffloadedModules.__init__

    def noted(made: OffloadedModules, *given: Any) -> None:
        offload(made, *given)
        modules.append(made)

    monkeypatch.setattr(OffloadedModules, "__init__", noted)
    with fake_gpu(monkeypatch):
        score = load_clip_scorer(clip_folder, torch.device("cuda"))
        (model,) = modules[0].modules
        places: list[str] = []

        def place(*_given: Any) -> None:
            places.append(next(model.parameters()).device.type)

        model.register_forward_pre_hook(place)
        assert score(noise, "a cat") == pytest.approx(expected, abs=1e-4)
        assert next(model.parameters()).device.type == "cpu"
        assert places == ["cuda"]


@pytest.mark.filterwarnings("ignore")
def test_clip_chooses_among_candidates_and_its_score_is_reported(
    moved_checkpoint: Path, clip_folder: Path, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_width, "measure", lambda *_: 2)
    engine = load_engine(moved_checkpoint, judge=str(clip_folder))
    result = generate(engine, canvas, candidates=2, seed=11)
    scores = dict(result.scores)
    assert {"first_frame", "flicker", "motion", "shake", "clip"} <= set(scores)
    assert {"seed_11", "seed_12"} <= set(scores)
    assert scores[f"seed_{result.seed}"] == max(scores["seed_11"], scores["seed_12"])
    again = generate(engine, canvas, seed=result.seed)
    # Candidates may share forward passes, which rounds a little differently.
    assert np.abs(result.array.astype(int) - again.array).max() <= 2
    assert dict(again.scores)["clip"] == pytest.approx(scores["clip"], abs=0.01)
