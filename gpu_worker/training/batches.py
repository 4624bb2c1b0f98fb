"""Batches: equal crops of pairs, with what the denoiser is told beside them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPTokenizer

from gpu_worker.training import text
from gpu_worker.training.pairs import Bank, Pair
from gpu_worker.training.prompts import Prompts

FPS = (4.0, 8.0, 8.0, 8.0, 12.0, 16.0, 24.0)
DROPPED = 0.1
SEED = 37
FACTOR = 4
"""How many pixels a latent is wide."""


@dataclass(frozen=True)
class Recipe:
    """How the denoiser trains.

    crops: (side in latents, frames, clips a batch, share of the batches). Small crops at the
    edges of half of the frames teach the most for their cost; whole clips keep what ships in view.
    """

    crops: tuple[tuple[int, int, int, float], ...] = ((16, 8, 3, 0.85), (48, 8, 1, 0.15))
    peak: float = 2e-3
    residual_scale: float = 0.3
    blind: float = 0.75
    averaging: float = 0.998


@dataclass(frozen=True)
class Batch:
    """One training batch: latents (b, 4, f, h, w) and what the denoiser is told beside them.

    The pixels (b, f, 4 h, 4 w, 3) are of the same windows and frames.
    """

    truth: Tensor
    moved: Tensor
    embedding: Tensor
    tokens: Tensor
    fps: Tensor
    truth_pixels: Tensor
    moved_pixels: Tensor


def draw(bank: Bank, words: tuple[Prompts, CLIPTokenizer], recipe: Recipe, seed: int) -> Batch:
    """Draw a batch of equal crops; number `seed` decides all of it."""
    rng = np.random.default_rng((SEED, seed))
    shares = np.array([share for *_, share in recipe.crops])
    side, length, count, _ = recipe.crops[rng.choice(len(shares), p=shares / shares.sum())]
    pairs = [bank.pairs[number] for number in rng.integers(len(bank.pairs), size=count)]
    crops = [_crop(pair, side, length, rng) for pair in pairs]
    prompts, tokenizer = words
    texts = [prompts.draw(rng, text.MOTIONS[pair.motion]).text for pair in pairs]
    texts = ["" if rng.random() < DROPPED else prompt for prompt in texts]
    seen = torch.tensor([[float(rng.random() >= DROPPED)] for _ in pairs])
    truth, moved, *shown = (torch.stack(parts) for parts in zip(*crops, strict=True))
    return Batch(
        truth.float(),
        moved.float(),
        torch.stack([pair.embedding for pair in pairs]) * seen,
        text.tokens(tokenizer, texts),
        torch.tensor([FPS[rng.integers(len(FPS))] for _ in pairs]),
        *shown,
    )


def _crop(pair: Pair, side: int, length: int, rng: np.random.Generator) -> tuple[Tensor, ...]:
    """Cut the same window and frames, next to each other or every second, out of everything.

    The pair's truth and moved picture come as latents, then as pixels.
    """
    _, frames, height, width = pair.truth.shape
    down, across = min(side, height), min(side, width)
    top, left = _place(height - down, rng), _place(width - across, rng)
    stride = 2 if length * 2 <= frames and rng.random() < 0.7 else 1
    start = rng.integers(0, frames - (length - 1) * stride)
    times = slice(start, start + (length - 1) * stride + 1, stride)
    window = (slice(top, top + down), slice(left, left + across))
    large = tuple(slice(FACTOR * one.start, FACTOR * one.stop) for one in window)
    latents = (part[(slice(None), times, *window)] for part in (pair.truth, pair.moved))
    shown = (part[(times, *large)] for part in (pair.truth_pixels, pair.moved_pixels))
    return *latents, *shown


def _place(room: int, rng: np.random.Generator) -> int:
    """Draw where a crop begins: mostly at an edge, where camera paths uncover what is unknown."""
    chance = rng.random()
    return 0 if chance < 0.35 else room if chance < 0.7 else int(rng.integers(0, room + 1))
