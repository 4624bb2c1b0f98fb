"""A tiny Stable Diffusion of random weights, in a folder as diffusers keeps it."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler

from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import byte_tokenizer
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import (
    TINY,
    random_text_encoder,
    random_vae,
)

SIDE = 64
"""The side of its square pictures, in pixels."""


def write_text_to_image(folder: Path) -> Path:
    """Write the pipeline in single precision, and return its folder."""
    torch.manual_seed(5)
    text_encoder, vae = random_text_encoder(TINY), random_vae(TINY)
    scale = 2 ** (len(vae.config.block_out_channels) - 1)
    unet = UNet2DConditionModel(
        sample_size=SIDE // scale,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=text_encoder.config.hidden_size,
    )
    StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=byte_tokenizer(TINY),
        unet=unet,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder
