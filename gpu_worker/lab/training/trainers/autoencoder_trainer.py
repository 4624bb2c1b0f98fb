"""Trains the autoencoder on random crops."""

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from gpu_worker.lab.training.data import augmentation
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.networks.autoencoder import build, to_tensor
from gpu_worker.lab.training.trainers.network_trainer import NetworkTrainer
from gpu_worker.lab.training.trainers.training_run import TrainingRun
from gpu_worker.media.frames import Frame, Frames
from gpu_worker.media.picture import centre_window
from gpu_worker.media.quality import psnr
from gpu_worker.media.warp import fit
from gpu_worker.models.i2vgen_xl import autoencoder

PEAK_RATE = 2e-3
CROP = 64
SIDE = 128
"""The side in pixels that clips usually have, and at which the held-out pictures are measured."""

CUTOUT_CHANCE = 0.2
LATENT_NOISE = 0.03
SEED = 17


def train(
    run: TrainingRun, images: ImageDataset, batch: int, device: torch.device
) -> AutoencoderKL:
    """Train, or go on training, until time is up."""
    torch.manual_seed(SEED)
    model = build().to(device=device, memory_format=torch.channels_last)
    trainer = NetworkTrainer(run, model, PEAK_RATE)

    def make(rng: np.random.Generator) -> Frames:
        return np.stack([_sample_crop(images, rng) for _ in range(batch)])

    for crops in run.batches(make, SEED):
        loss = _loss(model, to_tensor(crops).to(device, memory_format=torch.channels_last))
        trainer.step(loss)
        if run.step % 50 == 0:
            run.log(loss=float(loss.detach()))
        if run.logs_every(300):
            run.log(held_out_psnr=held_out_psnr(model, images))
        trainer.save()
    return model


@torch.no_grad()
def held_out_psnr(model: AutoencoderKL, images: ImageDataset) -> float:
    """Return the mean PSNR in dB of the held-out pictures' centre squares."""
    values = []
    for image in images.held_out:
        truth = fit_square(image)[None]
        decoded = autoencoder.decode(model, autoencoder.encode(model, truth, 1), 1)
        values.append(psnr(decoded, truth))
    return float(np.mean(values))


def fit_square(image: Frame) -> Frame:
    """Fit a picture's centre square to SIDE pixels."""
    return fit(image, centre_window(image.shape[1], image.shape[0], 1.0), (SIDE, SIDE))


def _sample_crop(images: ImageDataset, rng: np.random.Generator) -> Frame:
    """Return one training crop (CROP, CROP, 3)."""
    image = images.images[rng.integers(len(images.images))]
    image = augmentation.paste_cutouts(images, rng, image, CUTOUT_CHANCE)
    return augmentation.flip_and_recolour(augmentation.random_crop(image, CROP, rng, SIDE), rng)


def _loss(model: AutoencoderKL, truth: Tensor) -> Tensor:
    latents = model.encode(truth).latent_dist.mean
    noisy = latents + LATENT_NOISE * torch.randn_like(latents)
    # Latents of zero mean and unit spread per channel, for the noise schedule's sake.
    spread = (latents.std((0, 2, 3)) - 1).square().mean()
    regularization: Tensor = spread + latents.mean((0, 2, 3)).square().mean()
    decoded = model.decode(noisy).sample
    return _reconstruction_loss(decoded, truth) + 0.05 * regularization


def _reconstruction_loss(decoded: Tensor, truth: Tensor) -> Tensor:
    """Return absolute error, squared error, and error of the gradients, weighted."""
    error = decoded - truth
    across = error[..., 1:] - error[..., :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    edges = across.abs().mean() + down.abs().mean()
    return error.abs().mean() + 2.0 * error.square().mean() + 0.5 * edges
