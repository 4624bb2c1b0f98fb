"""Trains the tokenizer: byte-level pair encoding in which Chinese stays one token a character."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from gpu_worker.lab.training.networks.text_encoder import LENGTH

VOCABULARY = 3072
START, END = "<|startoftext|>", "<|endoftext|>"
SEED = 23


def train_tokenizer(folder: Path, texts: Sequence[str]) -> CLIPTokenizer:
    """Train byte-level pair encoding on texts; write and load it as CLIP's tokenizer."""
    core: Tokenizer = CLIPTokenizer().backend_tokenizer
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=END))
    tokenizer.normalizer = normalizers.Sequence([core.normalizer])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([core.pre_tokenizer])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[START, END],
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(_shuffle_non_ascii(texts), trainer)
    state = json.loads(tokenizer.to_str())["model"]
    vocabulary: dict[str, int] = state["vocab"]
    for byte in alphabet:
        # A byte that ends a word in no text still has to have its token.
        vocabulary.setdefault(f"{byte}</w>", len(vocabulary))
    merges: Any = [tuple(pair) for pair in state["merges"] if _is_one_character("".join(pair))]
    folder.mkdir(parents=True, exist_ok=True)
    loaded = CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LENGTH)
    loaded.save_pretrained(folder)
    return loaded


def _shuffle_non_ascii(texts: Sequence[str]) -> list[str]:
    """Shuffle characters beyond ASCII across all texts, so that no pair of them is frequent."""
    rng = np.random.default_rng(SEED)
    characters = [character for text in texts for character in text if ord(character) > 127]
    shuffled = iter(rng.permutation(characters).tolist())
    return ["".join(next(shuffled) if ord(c) > 127 else c for c in text) for text in texts]


def _is_one_character(token: str) -> bool:
    """Return whether a token holds no character beyond ASCII except at its start.

    Whole Chinese phrases as tokens would hide what the phrases share.
    """
    lead_bytes = {chr(number) for number in range(0xC0, 0xF5)}
    return not any(byte in lead_bytes for byte in token.removesuffix("</w>")[1:])
