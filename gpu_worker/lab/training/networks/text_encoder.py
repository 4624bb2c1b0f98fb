"""Tokenizer and text encoder: any Unicode prompt to features that tell motion and speed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from gpu_worker.lab.training.data.loader import ahead
from gpu_worker.lab.training.data.prompt_sampler import Prompt, Prompts, families
from gpu_worker.lab.training.trainers import muon
from gpu_worker.lab.training.trainers.training_run import Run
from storage.domain.camera.motion import Motion

WIDTH = 96
LENGTH = 32
VOCABULARY = 3072
START, END = "<|startoftext|>", "<|endoftext|>"
MOTIONS = tuple(motion for motion in Motion if motion is not Motion.AUTO)
TEMPERATURE = 12.0
SEED = 23


def train_tokenizer(folder: Path, texts: Sequence[str]) -> CLIPTokenizer:
    """Train byte-level pair encoding on texts; write and load it as CLIP's tokenizer."""
    plain = CLIPTokenizer()
    core: Tokenizer = plain.backend_tokenizer
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=END))
    tokenizer.normalizer = normalizers.Sequence([core.normalizer])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([core.pre_tokenizer])
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(_unphrased(texts), trainer)
    state = json.loads(tokenizer.to_str())["model"]
    vocabulary: dict[str, int] = state["vocab"]
    for letter in sorted(pre_tokenizers.ByteLevel.alphabet()):
        # A byte that ends a word in no text still has to have its token.
        vocabulary.setdefault(f"{letter}</w>", len(vocabulary))
    merges: Any = [tuple(pair) for pair in state["merges"] if _one_letter("".join(pair))]
    folder.mkdir(parents=True, exist_ok=True)
    loaded = CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LENGTH)
    loaded.save_pretrained(folder)
    return loaded


def _unphrased(texts: Sequence[str]) -> list[str]:
    """Shuffle the letters beyond ASCII across all texts, so that none of their pairs is common."""
    rng = np.random.default_rng(SEED)
    letters = [letter for text in texts for letter in text if ord(letter) > 127]
    shuffled = iter(rng.permutation(letters).tolist())
    return ["".join(next(shuffled) if ord(c) > 127 else c for c in text) for text in texts]


def _one_letter(token: str) -> bool:
    """Say whether a token holds no letter beyond ASCII but one at its start.

    Chinese is read letter by letter: whole phrases as tokens would hide what they share.
    """
    lead_bytes = {chr(number) for number in range(0xC0, 0xF5)}
    return not any(letter in lead_bytes for letter in token.removesuffix("</w>")[1:])


def build(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Make an untrained text encoder for a tokenizer."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=WIDTH * 4,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=WIDTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


class Reader(nn.Module):
    """The text encoder with what is trained beside it: motion prototypes and a speed axis."""

    def __init__(self, encoder: CLIPTextModel):
        """Take the encoder; prototypes start at random."""
        super().__init__()
        self.encoder = encoder
        self.prototypes = nn.Parameter(torch.randn(len(MOTIONS), WIDTH))
        self.speed = nn.Linear(WIDTH, 1)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Give cosine similarities (n, motions) and speeds (n,) of token ids (n, length)."""
        pooled = self.encoder(tokens).pooler_output
        closeness = nn.functional.normalize(pooled, dim=-1) @ self.directions().T
        return closeness, self.speed(pooled)[:, 0]

    def directions(self) -> Tensor:
        """Give the prototypes at unit length (motions, width)."""
        return nn.functional.normalize(self.prototypes, dim=-1)


def tokens(tokenizer: CLIPTokenizer, texts: Sequence[str]) -> Tensor:
    """Give token ids (n, LENGTH), cut and padded."""
    encoded = tokenizer(
        list(texts), padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    )
    ids: Tensor = encoded["input_ids"]
    return ids


def accuracy(reader: Reader, tokenizer: CLIPTokenizer, prompts: Sequence[Prompt]) -> float:
    """Give the share of prompts whose nearest motion is the one they name."""
    with torch.no_grad():
        closeness, _ = reader(tokens(tokenizer, [prompt.text for prompt in prompts]))
    wanted = torch.tensor([MOTIONS.index(prompt.motion) for prompt in prompts])
    return float((closeness.argmax(1) == wanted).float().mean())


def unseen(count: int = 400) -> list[Prompt]:
    """Draw prompts from the held-out families alone."""
    prompts, rng = Prompts(families(held_out=True)), np.random.default_rng(SEED + 1)
    return [prompts.draw(rng) for _ in range(count)]


def train(run: Run, tokenizer: CLIPTokenizer, held_out: bool, batch: int = 64) -> Reader:
    """Train a reader until time is up, on all families or without the held-out ones."""
    torch.manual_seed(SEED)
    reader = Reader(build(tokenizer))
    state = run.resume()
    if state is not None:
        reader.load_state_dict(state["model"])
    prompts = Prompts(families(held_out=False if held_out else None))
    optimizers = muon.optimizers(reader.named_parameters(), 2e-3)

    def make(rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        drawn = [prompts.draw(rng) for _ in range(batch)]
        ids = _worn(tokens(tokenizer, [_blurred(prompt.text, rng) for prompt in drawn]), rng)
        wanted = torch.tensor([MOTIONS.index(prompt.motion) for prompt in drawn])
        return ids, wanted, torch.tensor([float(prompt.speed) for prompt in drawn])

    for ids, wanted, speeds in ahead(make, SEED, run.step):
        closeness, speed = reader(ids)
        loss = nn.functional.cross_entropy(closeness * TEMPERATURE, wanted, label_smoothing=0.05)
        total = loss + 0.5 * (speed - speeds).square().mean()
        total.backward()
        muon.clipped_step(optimizers, run.rate(2e-3), 1.0)
        goes_on = run.tick()
        if run.step % 100 == 0 or not goes_on:
            run.log(loss=float(loss.detach()), held_out=accuracy(reader, tokenizer, unseen()))
        run.save({"model": reader.state_dict()}, force=not goes_on)
        if not goes_on:
            return reader
    raise AssertionError("the feed never ends")


def _worn(ids: Tensor, rng: np.random.Generator) -> Tensor:
    """Swap some tokens for random ones, so that no single word is leant on too much."""
    inner = (ids != ids[0, 0]) & (ids != ids[0, -1])
    swap = torch.from_numpy(rng.random(ids.shape) < 0.06) & inner
    other = torch.from_numpy(rng.integers(0, int(ids.max()), ids.shape))
    return torch.where(swap, other, ids)


def _blurred(text: str, rng: np.random.Generator) -> str:
    """Now and then misspell a letter, so that unknown words do not upset the rest."""
    if rng.random() > 0.2 or len(text) < 8:
        return text
    at = int(rng.integers(len(text)))
    return text[:at] + text[at + 1 :]
