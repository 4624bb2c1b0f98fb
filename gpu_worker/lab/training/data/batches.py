"""Batches: equal crops of pairs, with what the denoiser is told beside them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data.latent_dataset import Bank, Pair
from gpu_worker.lab.training.data.prompt_sampler import Prompts
from gpu_worker.lab.training.networks import text_encoder as text

FPS = (4.0, 8.0, 8.0, 8.0, 12.0, 16.0, 24.0)
DROPPED = 0.1
SEED = 37


@dataclass(frozen=True)
class Recipe:
    """How the denoiser trains.

    crops: (side in latents, frames, clips a batch, share of the batches). A few frames of many
    clips teach more than many frames of a few, which are much alike; whole clips keep what ships
    in view. blind is the share of the clips that start at pure noise, where sampling starts too.
    inside is the weight of what the moved picture shows already, beside what it does not. quiet
    is the squared residual below which all clips weigh the same.
    """

    crops: tuple[tuple[int, int, int, float], ...] = (
        (16, 4, 8, 0.6),
        (24, 8, 2, 0.3),
        (48, 16, 1, 0.1),
    )
    peak: float = 2e-3
    residual_scale: float = 0.7
    blind: float = 0.6
    inside: float = 0.05
    quiet: float = 0.01
    averaging: float = 0.997


@dataclass(frozen=True)
class Batch:
    """One training batch: latents (b, 4, f, h, w) and what the denoiser is told beside them.

    uncovered (b, f, h, w) is the share of each latent that lies beyond the moved picture.
    """

    truth: Tensor
    moved: Tensor
    embedding: Tensor
    tokens: Tensor
    fps: Tensor
    uncovered: Tensor


def draw(bank: Bank, words: tuple[Prompts, CLIPTokenizer], recipe: Recipe, seed: int) -> Batch:
    """Draw a batch of equal crops; number `seed` decides all of it."""
    rng = np.random.default_rng((SEED, seed))
    shares = np.array([share for *_, share in recipe.crops])
    side, length, count, _ = recipe.crops[rng.choice(len(shares), p=shares / shares.sum())]
    pairs = [bank.pairs[number] for number in rng.integers(len(bank.pairs), size=count)]
    crops = [crop(pair, side, length, rng) for pair in pairs]
    prompts, tokenizer = words
    texts = [prompts.draw(rng, text.MOTIONS[pair.motion]).text for pair in pairs]
    texts = ["" if rng.random() < DROPPED else prompt for prompt in texts]
    seen = torch.tensor([[float(rng.random() >= DROPPED)] for _ in pairs])
    truth, moved, uncovered = (torch.stack(parts) for parts in zip(*crops, strict=True))
    return Batch(
        truth,
        moved,
        torch.stack([pair.embedding for pair in pairs]) * seen,
        text.tokens(tokenizer, texts),
        torch.tensor([FPS[rng.integers(len(FPS))] for _ in pairs]),
        uncovered,
    )


def crop(pair: Pair, side: int, length: int, rng: np.random.Generator) -> list[Tensor]:
    """Cut the same window and frames, in a row or spread over the clip, out of all three parts."""
    frames, height, width = pair.uncovered.shape
    stride = frames // length if rng.random() < 0.7 else 1
    start = rng.integers(0, frames - (length - 1) * stride)
    times = slice(start, start + (length - 1) * stride + 1, stride)
    row, column = _anywhere(pair.uncovered[times][-1], rng)
    window = (_around(row, side, height, rng), _around(column, side, width, rng))
    parts = (pair.truth, pair.moved, pair.uncovered)
    return [part[(..., times, *window)].float() for part in parts]


def _anywhere(uncovered: Tensor, rng: np.random.Generator) -> tuple[int, int]:
    """Draw a place that is uncovered, or any place where nothing is."""
    places = torch.nonzero(uncovered)
    if len(places) == 0:
        return int(rng.integers(uncovered.shape[0])), int(rng.integers(uncovered.shape[1]))
    row, column = places[rng.integers(len(places))].tolist()
    return row, column


def _around(place: int, side: int, whole: int, rng: np.random.Generator) -> slice:
    """Give a stretch of `side` somewhere around a place, within the whole."""
    side = min(side, whole)
    first = min(max(place - int(rng.integers(side)), 0), whole - side)
    return slice(first, first + side)
