"""The denoiser's loss: the error of the predicted residual, above all where it is uncovered."""

from dataclasses import dataclass

import torch
from diffusers import I2VGenXLUNet
from torch import Tensor
from transformers import CLIPTextModel

from gpu_worker.lab.training.data.batches import TrainingBatch
from gpu_worker.lab.training.networks.unet import build_scheduler

RESIDUAL_SCALE = 0.7
PURE_NOISE = 0.6
"""The share of the clips that are noised fully, where sampling starts too."""

COVERED_WEIGHT = 0.05
"""The weight of what the moved picture shows already, beside what it does not."""

LEAST_RESIDUAL = 0.01
"""The squared residual below which all clips weigh the same."""


@dataclass(frozen=True)
class ResidualLoss:
    """The loss, and the squared error at pure noise where clips are uncovered.

    remaining is the error of the prediction, initial that of predicting nothing.
    """

    value: Tensor
    remaining: float
    initial: float


def residual_loss(
    unet: I2VGenXLUNet, encoder: CLIPTextModel, batch: TrainingBatch, generator: torch.Generator
) -> ResidualLoss:
    """Return the loss of predicting the residual from a noised one."""
    clean = (batch.truth - batch.moved) / RESIDUAL_SCALE
    count = clean.shape[0]
    times = torch.randint(0, 999, (count,), generator=generator)
    pure = torch.rand(count, generator=generator) < PURE_NOISE
    times = torch.where(pure, 999, times).to(clean.device)
    noise = torch.randn(clean.shape, generator=generator).to(clean.device)
    noised = build_scheduler().add_noise(clean, noise, times)
    with torch.no_grad():
        context = encoder(batch.tokens).last_hidden_state
    predicted = unet(noised, times, batch.fps, batch.moved, batch.embedding, context).sample
    uncovered = batch.uncovered[:, None]
    error = (predicted - clean).square()
    # Plain skies count beside busy streets: a clip's weight falls as its own residual grows.
    residual = (uncovered * clean.square()).mean((1, 2, 3, 4))
    per_clip = ((COVERED_WEIGHT + uncovered) * error).mean((1, 2, 3, 4))
    value = (per_clip / (residual + LEAST_RESIDUAL).sqrt()).mean()
    pure = pure.to(clean.device)
    remaining, initial = (
        float((uncovered * part)[pure].sum()) for part in (error.detach(), clean.square())
    )
    return ResidualLoss(value, remaining, initial)
