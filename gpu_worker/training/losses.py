"""Losses: how far a predicted residual is from the truth, as latents or as a person sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from transformers import CLIPTextModel

from gpu_worker.models.detail import OWN
from gpu_worker.training import autoencoder
from gpu_worker.training.batches import FACTOR, Batch, Recipe
from gpu_worker.training.kinds import Autoencoder, Denoiser
from gpu_worker.training.unet import scheduler

FRAMES = 3
"""Frames in a row that are decoded of every crop."""

RECIPE = Recipe(crops=((16, 8, 3, 0.6), (24, 8, 2, 0.4)), peak=1e-3)
"""How the denoiser goes on once its loss is taken in pixels."""


@dataclass(frozen=True)
class Prediction:
    """What the denoiser answered, and what is true, in units of the residual's scale.

    Both (b, 4, f, h, w); blind (b) says which clips started at pure noise.
    """

    answer: Tensor
    clean: Tensor
    blind: Tensor


@dataclass(frozen=True)
class Loss:
    """The loss; at pure noise also the error that is left and that was there."""

    value: Tensor
    left: float
    first: float


Judge: TypeAlias = Callable[[Prediction, Batch, Recipe], Loss]


def predict(
    unet: Denoiser, encoder: CLIPTextModel, batch: Batch, recipe: Recipe, noise: torch.Generator
) -> Prediction:
    """Let the denoiser predict the residual from a noised one."""
    clean = (batch.truth - batch.moved) / recipe.residual_scale
    count = clean.shape[0]
    times = torch.randint(0, 999, (count,), generator=noise)
    # Sampling starts at pure noise, so that moment is trained more than any other.
    blind = torch.rand(count, generator=noise) < recipe.blind
    times = torch.where(blind, 999, times).to(clean.device)
    grain = torch.randn(clean.shape, generator=noise).to(clean.device)
    noised = scheduler().add_noise(clean, grain, times)
    with torch.no_grad():
        context = encoder(batch.tokens).last_hidden_state
    answer = unet(noised, times, batch.fps, batch.moved, batch.embedding, context).sample
    return Prediction(answer, clean, blind.to(clean.device))


def of_latents(prediction: Prediction, _batch: Batch, _recipe: Recipe) -> Loss:
    """Judge the residual itself by its squared error."""
    left = (prediction.answer - prediction.clean).square().mean((1, 2, 3, 4))
    first = prediction.clean.square().mean((1, 2, 3, 4))
    blind = prediction.blind
    return Loss(left.mean(), float(left.detach()[blind].sum()), float(first[blind].sum()))


def of_pixels(vae: Autoencoder) -> Judge:
    """Return the judge of the finished frames: decoded, with the picture's detail given back."""

    def judge(prediction: Prediction, batch: Batch, recipe: Recipe) -> Loss:
        # Which frames: the answer's own first number is as good a die as any, and repeatable.
        count = prediction.answer.shape[2]
        start = int(prediction.clean.flatten()[0].abs() * 1e4) % max(count - FRAMES + 1, 1)
        times = slice(start, start + FRAMES)
        change = recipe.residual_scale * prediction.answer[:, :, times]
        moved = _signed(batch.moved_pixels[:, times])
        truth = _signed(batch.truth_pixels[:, times])
        out = finished(vae, batch.moved[:, :, times], change, moved)
        error, before = out - truth, moved - truth
        value = autoencoder.reconstruction(out.flatten(0, 1), truth.flatten(0, 1))
        # Between frames, what trembles shows as an error of the change.
        value = value + 0.5 * (error[:, 1:] - error[:, :-1]).abs().mean()
        left, first = (part.detach()[prediction.blind].abs().sum() for part in (error, before))
        return Loss(value, float(left), float(first))

    return judge


def finished(vae: Autoencoder, latents: Tensor, change: Tensor, moved: Tensor) -> Tensor:
    """Give the frames (b, f, 3, h, w) that the engine makes of changed latents (b, 4, f, h, w).

    moved are the moved picture's frames, -1 to 1: see gpu_worker/models/detail.py.
    """
    with torch.no_grad():
        recoded = _decoded(vae, latents)
        distance = change.square().mean(1).sqrt()
        share = torch.exp(-(distance / OWN).square())
        large = torch.nn.functional.interpolate(share, scale_factor=FACTOR, mode="bilinear")
        lost = large[:, :, None] * (moved - recoded)
    return _decoded(vae, latents + change) + lost


def _decoded(vae: Autoencoder, latents: Tensor) -> Tensor:
    frames = latents.transpose(1, 2)
    made = autoencoder.decode(vae, frames.flatten(0, 1))
    return made.view(*frames.shape[:2], *made.shape[1:])


def _signed(shown: Tensor) -> Tensor:
    """Turn pixels (b, f, h, w, 3) into numbers from -1 to 1 (b, f, 3, h, w)."""
    return shown.permute(0, 1, 4, 2, 3).float().div(127.5).sub(1)
