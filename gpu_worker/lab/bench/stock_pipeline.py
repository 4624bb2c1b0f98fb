"""diffusers' I2VGenXLPipeline, made to run on today's transformers, on equal terms."""

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

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.media.frames import Frames
from gpu_worker.models.i2vgen_xl.checkpoint.traits import read_traits


class StockPipeline:
    """A checkpoint's stock pipeline; pipeline is diffusers' object."""

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        """Load the pipeline as its documentation says."""
        # The pipeline reads CLIPTextModel.text_model, which transformers has dropped.
        CLIPTextModel.text_model = property(lambda self: self)
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline: Any = I2VGenXLPipeline.from_pretrained(str(folder), torch_dtype=dtype)
        pipeline.set_progress_bar_config(disable=True)
        self.pipeline = pipeline.to(device)
        self.clip_skip = read_traits(folder).clip_skip or None
        self._encode = pipeline.vae.encode
        pipeline.vae.encode = self._encode_to_mode

    def latents(self, shape: ClipShape, **changes: Any) -> Tensor:
        """Return the finished latents (4, f, h, w) of a clip."""
        return cast(Tensor, self._call(shape, "latent", changes))

    def clip(self, shape: ClipShape) -> Frames:
        """Make a whole clip."""
        return (np.asarray(self._call(shape, "np", {})) * 255).round().astype(np.uint8)

    def _encode_to_mode(self, pixels: Tensor) -> Any:
        """Encode to the most likely latents, since the stock sample has no seed."""
        encoded = self._encode(pixels)
        encoded.latent_dist.sample = encoded.latent_dist.mode
        return encoded

    def _call(self, shape: ClipShape, output_type: str, changes: dict[str, Any]) -> Any:
        request = shape.request(**changes)
        return self.pipeline(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            image=Image.fromarray(shape.canvas().fitted),
            height=request.height,
            width=request.width,
            target_fps=request.fps,
            num_frames=request.frames,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            generator=torch.Generator().manual_seed(request.seed),
            output_type=output_type,
            clip_skip=self.clip_skip,
        ).frames[0]
