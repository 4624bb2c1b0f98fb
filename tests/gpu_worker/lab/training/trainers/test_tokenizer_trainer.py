"""The tokenizer takes any Unicode, and Chinese character by character."""

from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from gpu_worker.lab.training.networks.text_encoder import LENGTH, tokenize


@pytest.mark.parametrize(
    "prompt", ["", "zoom in", "镜头拉近", "🙂🙃", "naïve Ωmega ÿ", "\x00\u202e", "a" * 5000]
)
def test_any_prompt_becomes_exactly_as_many_tokens(tokenizer: CLIPTokenizer, prompt: str) -> None:
    ids = tokenize(tokenizer, [prompt])
    assert ids.shape == (1, LENGTH)
    assert int(ids.max()) < len(tokenizer)


def test_a_saved_tokenizer_loads_the_same(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = CLIPTokenizer.from_pretrained(tmp_path)
    prompt = "镜头向左平移 then zoom 🙂"
    assert loaded(prompt).input_ids == tokenizer(prompt).input_ids


def test_chinese_is_one_token_a_character(tokenizer: CLIPTokenizer) -> None:
    shared = set(tokenizer("向左移动").input_ids) & set(tokenizer("镜头向左看").input_ids)
    assert len(shared) > 2
