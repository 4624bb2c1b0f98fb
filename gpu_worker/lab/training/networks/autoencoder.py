"""The autoencoder: pictures to four latent channels at a quarter of the size, and back."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from gpu_worker.lab.training.data import augmentation as scenes
from gpu_worker.lab.training.data.image_dataset import Gallery, Pixels
from gpu_worker.lab.training.data.loader import ahead
from gpu_worker.lab.training.networks.model_types import Autoencoder
from gpu_worker.lab.training.trainers import muon
from gpu_worker.lab.training.trainers.training_run import Run

CHANNELS = (24, 64, 96)
PATCH = 64
LATENT_NOISE = 0.03
SEED = 17


@dataclass(frozen=True)
class Recipe:
    """How one autoencoder stage trains."""

    batch: int = 8
    peak: float = 2e-3
    encoder: bool = True


def build() -> Autoencoder:
    """Make an untrained autoencoder."""
    make: Autoencoder = AutoencoderKL
    return make(
        block_out_channels=CHANNELS,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=8,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


def tensor(pixels: Pixels) -> Tensor:
    """Turn pixels (n, h, w, 3) into a float tensor (n, 3, h, w) between -1 and 1."""
    flat = torch.from_numpy(np.ascontiguousarray(pixels))
    return flat.permute(0, 3, 1, 2).float().div(127.5).sub(1)


def pixels(values: Tensor) -> Pixels:
    """Turn a tensor (n, 3, h, w) between -1 and 1 into pixels (n, h, w, 3)."""
    levels = values.clamp(-1, 1).add(1).mul(127.5).round().byte()
    return levels.permute(0, 2, 3, 1).cpu().numpy()


def encode(model: Autoencoder, values: Tensor) -> Tensor:
    """Give the latents' mean (n, 4, h / 4, w / 4), unscaled."""
    moments: Tensor = model.quant_conv(model.encoder(values))
    return moments[:, :4]


def decode(model: Autoencoder, latents: Tensor) -> Tensor:
    """Give the picture (n, 3, 4 h, 4 w) of unscaled latents."""
    picture: Tensor = model.decoder(model.post_quant_conv(latents))
    return picture


def reconstruction(out: Tensor, truth: Tensor) -> Tensor:
    """Give the loss: absolute error, squared error, and error of the gradients."""
    error = out - truth
    across = error[..., 1:] - error[..., :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    edges = across.abs().mean() + down.abs().mean()
    return error.abs().mean() + 2.0 * error.square().mean() + 0.5 * edges


def fitted(picture: Pixels, side: int) -> Pixels:
    """Fit the picture's centre square to `side` pixels."""
    short = min(picture.shape[:2])
    top, left = (picture.shape[0] - short) // 2, (picture.shape[1] - short) // 2
    square = picture[top : top + short, left : left + short]
    return np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@torch.no_grad()
def quality(model: Autoencoder, gallery: Gallery, side: int = 128) -> float:
    """Give the mean PSNR in dB of the held-out pictures, fitted to `side` pixels."""
    values = []
    for picture in gallery.held_out:
        truth = fitted(picture, side)
        model_input = tensor(truth[None]).to(model.device)
        out = pixels(decode(model, encode(model, model_input)))[0]
        error = np.square(out.astype(np.float32) - truth.astype(np.float32)).mean()
        values.append(10 * np.log10(255**2 / max(float(error), 1e-3)))
    return float(np.mean(values))


def train(run: Run, gallery: Gallery, recipe: Recipe, device: torch.device) -> Autoencoder:
    """Train (or go on training) the autoencoder, or its decoder alone, until time is up."""
    torch.manual_seed(SEED)
    model = build().to(device=device, memory_format=torch.channels_last)
    state = run.resume()
    if state is not None:
        model.load_state_dict(state["model"])
    for part in (model.encoder, model.quant_conv):
        part.requires_grad_(recipe.encoder)
    optimizers = muon.optimizers(model.named_parameters(), recipe.peak)
    if state is not None and "optimizers" in state:
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)

    def make(rng: np.random.Generator) -> Pixels:
        return np.stack([patch(gallery, rng) for _ in range(recipe.batch)])

    for batch in ahead(make, SEED, run.step):
        loss = _loss(model, tensor(batch).to(device, memory_format=torch.channels_last), recipe)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        muon.clipped_step(optimizers, run.rate(recipe.peak), 1.0)
        goes_on = run.tick()
        if run.step % 50 == 0:
            run.log(loss=float(loss.detach()))
        if run.step % 300 == 0 or not goes_on:
            run.log(held_out_psnr=quality(model, gallery))
        saved = [optimizer.state_dict() for optimizer in optimizers]
        run.save({"model": model.state_dict(), "optimizers": saved}, force=not goes_on)
        if not goes_on:
            return model
    raise AssertionError("the feed never ends")


def patch(gallery: Gallery, rng: np.random.Generator) -> Pixels:
    """Give one training patch (64, 64, 3)."""
    picture = gallery.pictures[rng.integers(len(gallery.pictures))]
    scene = scenes.composed(gallery, rng, picture, 0.2)
    return scenes.varied(scenes.window(scene, PATCH, rng), rng)


def _loss(model: Autoencoder, truth: Tensor, recipe: Recipe) -> Tensor:
    with torch.set_grad_enabled(recipe.encoder):
        latents = encode(model, truth)
    noisy = latents + LATENT_NOISE * torch.randn_like(latents)
    loss = reconstruction(decode(model, noisy), truth)
    if recipe.encoder:
        # Latents of zero mean and unit spread per channel, for the noise schedule's sake.
        spread = (latents.std((0, 2, 3)) - 1).square().mean()
        loss = loss + 0.05 * (spread + latents.mean((0, 2, 3)).square().mean())
    return loss
