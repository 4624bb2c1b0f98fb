"""Autoencoding: frames through a checkpoint's autoencoder and back, with no diffusion between."""

from __future__ import annotations

from collections.abc import Callable

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

from gpu_worker.models.i2vgen_xl import autoencoder as pixels
from gpu_worker.models.i2vgen_xl.autoencoder import Frames
from gpu_worker.models.i2vgen_xl.checkpoint import locate as checkpoint

CHUNK = 4


def recoder(source: str) -> Callable[[Frames], Frames]:
    """Return what a model adds nothing to: the autoencoder alone, on the CPU.

    Raise FileNotFoundError where the source has no checkpoint.
    """
    folder = checkpoint.locate(source) / "vae"
    vae: AutoencoderKL = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).eval()

    @torch.inference_mode()
    def recode(frames: Frames) -> Frames:
        return pixels.decode(vae, pixels.encode(vae, frames, CHUNK), CHUNK)

    return recode
