"""The tokenizer takes any Unicode, and prompts are drawn from families that can be held out."""

from pathlib import Path

import numpy as np
import pytest
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data.prompt_sampler import Prompts, families
from gpu_worker.lab.training.networks import text_encoder as text
from gpu_worker.lab.training.trainers.training_run import Run
from storage.domain.camera.motion import Motion


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    """Train a tokenizer on a few hundred prompts."""
    rng, prompts = np.random.default_rng(0), Prompts(families())
    drawn = [prompts.draw(rng).text for _ in range(400)]
    return text.train_tokenizer(tmp_path_factory.mktemp("tokenizer"), drawn)


@pytest.mark.parametrize(
    "prompt", ["", "zoom in", "镜头拉近", "🙂🙃", "naïve Ωmega ÿ", "\x00\u202e", "a" * 5000]
)
def test_any_prompt_becomes_exactly_as_many_tokens(tokenizer: CLIPTokenizer, prompt: str) -> None:
    ids = text.tokens(tokenizer, [prompt])
    assert ids.shape == (1, text.LENGTH)
    assert int(ids.max()) < len(tokenizer)


def test_the_tokenizer_reads_back_the_same(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = CLIPTokenizer.from_pretrained(tmp_path)
    prompt = "镜头向左平移 then zoom 🙂"
    assert loaded(prompt).input_ids == tokenizer(prompt).input_ids


def test_chinese_is_read_letter_by_letter(tokenizer: CLIPTokenizer) -> None:
    left = set(tokenizer("向左移动").input_ids) & set(tokenizer("镜头向左看").input_ids)
    assert len(left) > 2


def test_held_out_families_are_never_drawn_from_the_rest() -> None:
    kept, held = families(held_out=False), families(held_out=True)
    assert len(kept) + len(held) == len(families())
    assert not {id(family) for family, _ in kept} & {id(family) for family, _ in held}


def test_every_motion_can_be_drawn() -> None:
    rng, prompts = np.random.default_rng(0), Prompts(families())
    for motion in text.MOTIONS:
        assert prompts.draw(rng, motion).motion is motion
        assert prompts.draw(rng, motion).text
    assert Motion.AUTO not in text.MOTIONS


def test_a_reader_trains_a_few_steps_and_resumes(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    first = Run(tmp_path, "text", seconds=0.2)
    text.train(first, tokenizer, held_out=False, batch=4)
    again = Run(tmp_path, "text", seconds=first.elapsed + 0.2)
    text.train(again, tokenizer, held_out=False, batch=4)
    assert again.step > first.step
    assert (tmp_path / "losses.csv").read_text().startswith("text,")
