"""A CLIP model whose folder is given helps to choose among candidates, and its score is shown."""

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
from transformers.models.clip.modeling_clip import CLIPModel

from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import candidates
from gpu_worker.models.i2vgen_xl.checkpoint import random_checkpoint, random_modules

from .conftest import Order, engine_of

SIDE = 32


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a tiny CLIP model with its tokenizer and its picture processor."""
    folder = tmp_path_factory.mktemp("judge")
    shape: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    words = random_modules.TINY.vocabulary
    text = CLIPTextConfig(
        vocab_size=words,
        max_position_embeddings=random_modules.TINY.tokens,
        bos_token_id=words - 2,
        eos_token_id=words - 1,
        **shape,
    )
    eye = CLIPVisionConfig(image_size=SIDE, patch_size=8, **shape)
    torch.manual_seed(4)
    model: Any = CLIPModel(
        CLIPConfig(text_config=text.to_dict(), vision_config=eye.to_dict(), projection_dim=8)
    )
    model.save_pretrained(folder)
    random_checkpoint.byte_tokenizer(random_modules.TINY).save_pretrained(str(folder))
    (folder / "preprocessor_config.json").write_text(random_checkpoint.preprocessor_config(SIDE))
    return folder


@pytest.mark.filterwarnings("ignore")
def test_likeness_depends_on_the_words_and_lies_within_one(judge: Path) -> None:
    likeness = candidates.load_clip_scorer(judge, torch.device("cpu"))
    noise = np.random.default_rng(1).integers(0, 255, (6, 48, 64, 3)).astype(np.uint8)
    found = [likeness(noise, words) for words in ("a cat", "an extremely long boat " * 40)]
    assert all(-1.0 <= one <= 1.0 for one in found)
    assert found[0] != found[1]


@pytest.mark.filterwarnings("ignore")
def test_the_judge_chooses_and_every_score_is_shown(
    moved_like: Path, judge: Path, canvas: Canvas, order: Order
) -> None:
    engine = engine_of(moved_like, judge=str(judge))
    asked = order(candidates=2, seed=11)
    result = engine.generate(asked, canvas, lambda _progress, _preview: None, lambda: False)
    scores = dict(result.scores)
    assert {"first_frame", "flicker", "motion", "shake", "clip"} <= set(scores)
    assert {"seed_11", "seed_12"} <= set(scores)
    assert scores[f"seed_{result.seed}"] == max(scores["seed_11"], scores["seed_12"])
    alone = order(seed=result.seed)
    again = engine.generate(alone, canvas, lambda _progress, _preview: None, lambda: False)
    # Candidates may share forward passes, which rounds a little differently.
    assert np.abs(result.frames.astype(int) - again.frames).max() <= 2
    assert dict(again.scores)["clip"] == pytest.approx(scores["clip"], abs=0.01)
