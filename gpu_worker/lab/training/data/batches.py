"""Batches for the denoiser: crops of latent pairs of one size, with prompts drawn for them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data.latent_dataset import LatentDataset, LatentPair
from gpu_worker.lab.training.data.prompt_sampler import PromptSampler
from gpu_worker.lab.training.networks.text_encoder import MOTIONS, tokenize

FPS = (4.0, 8.0, 8.0, 8.0, 12.0, 16.0, 24.0)
DROPPED = 0.1
"""The share of prompts, and of embeddings, that are left out, for guidance."""

SEED = 37


@dataclass(frozen=True)
class CropShape:
    """Crops of one batch: side in latents, frames, clips, and the share of such batches."""

    side: int
    frames: int
    clips: int
    share: float


CROPS = (CropShape(16, 4, 8, 0.6), CropShape(24, 8, 2, 0.3), CropShape(48, 16, 1, 0.1))
"""A few frames of many clips teach more than many frames of a few; whole clips are what ships."""


@dataclass(frozen=True)
class TrainingBatch:
    """Latents (b, 4, f, h, w) and the denoiser's conditions.

    embedding is (b, width), tokens (b, length), fps (b,). uncovered (b, f, h, w) is the share of
    each latent that lies beyond the moved picture.
    """

    truth: Tensor
    moved: Tensor
    embedding: Tensor
    tokens: Tensor
    fps: Tensor
    uncovered: Tensor

    def to(self, device: torch.device) -> "TrainingBatch":
        """Return the batch on a device."""
        return TrainingBatch(*(value.to(device) for value in vars(self).values()))


@dataclass(frozen=True)
class BatchSampler:
    """Draws batches from the dataset's pairs as they are at that time."""

    dataset: LatentDataset
    prompts: PromptSampler
    tokenizer: CLIPTokenizer
    crops: tuple[CropShape, ...]

    def draw(self, number: int) -> TrainingBatch:
        """Draw a batch; `number` decides all of it."""
        rng = np.random.default_rng((SEED, number))
        shares = np.array([crop.share for crop in self.crops])
        shape = self.crops[rng.choice(len(shares), p=shares / shares.sum())]
        chosen = rng.integers(len(self.dataset.pairs), size=shape.clips)
        pairs = [self.dataset.pairs[index] for index in chosen]
        crops = [crop(pair, shape.side, shape.frames, rng) for pair in pairs]
        texts = [self.prompts.draw(rng, MOTIONS[pair.motion]).text for pair in pairs]
        texts = ["" if rng.random() < DROPPED else prompt for prompt in texts]
        kept = torch.tensor([[float(rng.random() >= DROPPED)] for _ in pairs])
        truth, moved, uncovered = (torch.stack(parts) for parts in zip(*crops, strict=True))
        return TrainingBatch(
            truth,
            moved,
            torch.stack([pair.embedding for pair in pairs]) * kept,
            tokenize(self.tokenizer, texts),
            torch.tensor([FPS[rng.integers(len(FPS))] for _ in pairs]),
            uncovered,
        )


def crop(pair: LatentPair, side: int, length: int, rng: np.random.Generator) -> list[Tensor]:
    """Cut the same window and frames out of truth, moved and uncovered.

    The frames follow each other or are spread over the clip.
    """
    frames, height, width = pair.uncovered.shape
    stride = frames // length if rng.random() < 0.7 else 1
    start = rng.integers(0, frames - (length - 1) * stride)
    times = slice(start, start + (length - 1) * stride + 1, stride)
    row, column = _uncovered_place(pair.uncovered[times][-1], rng)
    window = (_slice_around(row, side, height, rng), _slice_around(column, side, width, rng))
    parts = (pair.truth, pair.moved, pair.uncovered)
    return [part[(..., times, *window)].float() for part in parts]


def _uncovered_place(uncovered: Tensor, rng: np.random.Generator) -> tuple[int, int]:
    """Draw a (row, column) that is uncovered, or any where nothing is."""
    places = torch.nonzero(uncovered)
    if len(places) == 0:
        return int(rng.integers(uncovered.shape[0])), int(rng.integers(uncovered.shape[1]))
    row, column = places[rng.integers(len(places))].tolist()
    return row, column


def _slice_around(place: int, side: int, whole: int, rng: np.random.Generator) -> slice:
    """Return a slice of `side` somewhere around a place, within the whole."""
    side = min(side, whole)
    first = min(max(place - int(rng.integers(side)), 0), whole - side)
    return slice(first, first + side)
