"""Stock: the pipeline of diffusers, made to run on today's transformers, on equal terms."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers.pipelines.deprecated.i2vgen_xl.pipeline_i2vgen_xl import I2VGenXLPipeline
from diffusers.utils import logging
from PIL import Image
from torch import Tensor
from transformers.models.clip.modeling_clip import CLIPTextModel

from gpu_worker.media.frames import Frame, Frames
from storage.domain.request import GenerationRequest


def load(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """Load the stock pipeline as its documentation says."""
    # The pipeline reads CLIPTextModel.text_model, which transformers has dropped.
    cast(Any, CLIPTextModel).text_model = property(lambda self: self)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline: Any = I2VGenXLPipeline.from_pretrained(str(folder), torch_dtype=dtype)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def settle(pipeline: Any) -> None:
    """Let the autoencoder give its most likely latents, since the stock sample has no seed."""
    stock = pipeline.vae.encode

    def encode(pixels: Tensor) -> Any:
        found = stock(pixels)
        found.latent_dist.sample = found.latent_dist.mode
        return found

    pipeline.vae.encode = encode


def latents(pipeline: Any, request: GenerationRequest, picture: Frame, skip: int) -> Tensor:
    """Return the finished latents (4, f, h, w) of a clip with the stock pipeline."""
    return cast(Tensor, _call(pipeline, request, picture, skip, "latent")[0])


def clip(pipeline: Any, request: GenerationRequest, picture: Frame, skip: int) -> Frames:
    """Make a whole clip with the stock pipeline, frames (f, h, w, 3)."""
    frames = _call(pipeline, request, picture, skip, "np")[0]
    return (np.asarray(frames) * 255).round().astype(np.uint8)


def _call(pipeline: Any, request: GenerationRequest, picture: Frame, skip: int, kind: str) -> Any:
    return pipeline(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        image=Image.fromarray(picture),
        height=request.height,
        width=request.width,
        target_fps=request.fps,
        num_frames=request.frames,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance,
        generator=torch.Generator().manual_seed(request.seed),
        output_type=kind,
        clip_skip=skip or None,
    ).frames
