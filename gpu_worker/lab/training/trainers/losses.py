"""Losses: how far the predicted residual is from the true one, above all where it is needed."""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import CLIPTextModel

from gpu_worker.lab.training.data.batches import Batch, Recipe
from gpu_worker.lab.training.networks.model_types import Denoiser
from gpu_worker.lab.training.networks.unet import scheduler


@dataclass(frozen=True)
class Loss:
    """The loss; at pure noise also the squared error, left and at first, of what is uncovered."""

    value: Tensor
    left: float
    first: float


def loss_of(
    unet: Denoiser, encoder: CLIPTextModel, batch: Batch, recipe: Recipe, noise: torch.Generator
) -> Loss:
    """Give the loss of predicting the residual from a noised one."""
    clean = (batch.truth - batch.moved) / recipe.residual_scale
    count = clean.shape[0]
    times = torch.randint(0, 999, (count,), generator=noise)
    blind = torch.rand(count, generator=noise) < recipe.blind
    times = torch.where(blind, 999, times).to(clean.device)
    grain = torch.randn(clean.shape, generator=noise).to(clean.device)
    noised = scheduler().add_noise(clean, grain, times)
    with torch.no_grad():
        context = encoder(batch.tokens).last_hidden_state
    out = unet(noised, times, batch.fps, batch.moved, batch.embedding, context).sample
    needed = batch.uncovered[:, None]
    error = (out - clean).square()
    # Quiet skies count beside busy streets: a clip's weight falls as its own residual grows.
    there = (needed * clean.square()).mean((1, 2, 3, 4))
    each = ((recipe.inside + needed) * error).mean((1, 2, 3, 4))
    value = (each / (there + recipe.quiet).sqrt()).mean()
    blind = blind.to(clean.device)
    left, first = ((needed * part)[blind].sum() for part in (error.detach(), clean.square()))
    return Loss(value, float(left), float(first))
