"""The autoencoder: pictures to four latent channels at a quarter of the size, and back."""

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from gpu_worker.media.frames import Frames

CHANNELS = (24, 64, 96)
FACTOR = 4
"""How many pixels lie along one latent."""


def build() -> AutoencoderKL:
    """Build an untrained autoencoder."""
    return AutoencoderKL(
        block_out_channels=CHANNELS,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=8,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


def to_tensor(frames: Frames) -> Tensor:
    """Return frames (n, h, w, 3) as floats (n, 3, h, w) between -1 and 1."""
    pixels = torch.from_numpy(np.ascontiguousarray(frames))
    return pixels.permute(0, 3, 1, 2).float().div(127.5).sub(1)
