"""Trains a small depth estimator of transformers' own classes on scenes that are rendered here.

It learns planes, balls and haze, not photographs; it shows that an estimator's folder works.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import GLPNConfig, GLPNForDepthEstimation, GLPNImageProcessorPil

from gpu_worker.lab.depth import scenes
from gpu_worker.lab.depth.scenes import View

SIDE = 128
BATCH = 8
RATE = 2e-3
MOST_HAZE = 0.25
HELD_OUT = 24
SEED = 17
FARTHEST = 8
"""The largest distance that the estimator can answer."""


@dataclass(frozen=True)
class TrainingReport:
    """How long a training took, and how well held-out scenes' inverse depths are followed.

    correlation is the mean of their correlations with the true ones.
    """

    steps: int
    correlation: float


def draw(random: np.random.Generator) -> View:
    """Return a view of a scene that chance chooses."""
    kinds = (scenes.layers, scenes.planes, scenes.balls)
    things = kinds[int(random.integers(len(kinds)))](random)
    return scenes.render(things, (SIDE, SIDE), haze=float(random.uniform(0.05, MOST_HAZE)))


def train(
    folder: Path, seconds: float, views: int, log: Callable[[str], None] = print
) -> TrainingReport:
    """Train for so long on so many views, and write the estimator to a folder."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    known = [draw(random) for _ in range(views)]
    log(f"{views} scenes are rendered")
    model: Any = GLPNForDepthEstimation(_config())
    model.train()
    steps = 0
    for steps, loss in enumerate(_losses(model, known, seconds, random), start=1):
        if steps % 50 == 0:
            log(f"step {steps}: loss {loss:.3f}")
    model.eval()
    model.save_pretrained(folder)
    GLPNImageProcessorPil(size_divisor=32).save_pretrained(folder)
    held_out = [draw(np.random.default_rng([SEED, number])) for number in range(HELD_OUT)]
    correlations = [_correlation(model, view) for view in held_out]
    return TrainingReport(steps, float(np.mean(correlations)))


def _config() -> GLPNConfig:
    return GLPNConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[16, 32, 48, 64],
        num_attention_heads=[1, 2, 3, 4],
        mlp_ratios=[2, 2, 2, 2],
        decoder_hidden_size=24,
        max_depth=FARTHEST,
    )


def _losses(
    model: Any, views: list[View], seconds: float, random: np.random.Generator
) -> Iterator[float]:
    """Take steps for so long; yield each step's loss."""
    optimizer = torch.optim.AdamW(model.parameters(), RATE)
    began = time.monotonic()
    while (share := (time.monotonic() - began) / seconds) < 1.0:
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1.0 - share)
        chosen = random.integers(len(views), size=BATCH)
        pictures, distances = (
            torch.stack(list(one))
            for one in zip(*(_tensors(views[n], random) for n in chosen), strict=True)
        )
        inverse = 1.0 / model(pixel_values=pictures).predicted_depth.clamp(min=0.05)
        loss = (inverse - 1.0 / distances).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield float(loss.detach())


def _tensors(view: View, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return a view's picture (3, h, w) and distances (h, w), mirrored at times."""
    picture, distance = view.frame.astype(np.float32) / 255, view.distance
    if random.random() < 0.5:
        picture, distance = picture[:, ::-1], distance[:, ::-1]
    gain = random.uniform(0.8, 1.2)
    tensor = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
    return (gain * tensor).clamp(0, 1), torch.from_numpy(np.ascontiguousarray(distance))


@torch.inference_mode()
def _correlation(model: Any, view: View) -> float:
    """Return the correlation of a view's estimated and true inverse depths."""
    picture = torch.from_numpy(view.frame.astype(np.float32) / 255).permute(2, 0, 1)[None]
    found = 1.0 / model(pixel_values=picture).predicted_depth.clamp(min=0.05).numpy().ravel()
    return float(np.corrcoef(found, 1.0 / view.distance.ravel())[0, 1])
