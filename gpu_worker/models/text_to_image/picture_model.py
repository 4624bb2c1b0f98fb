"""A text-to-image pipeline that makes single pictures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpu_worker.engine.api import OutOfMemory
from gpu_worker.media.frames import Frame
from gpu_worker.models.i2vgen_xl.checkpoint.named_errors import naming
from gpu_worker.models.i2vgen_xl.hardware.device import release_cached_memory
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import release_after
from gpu_worker.models.text_to_image.scene import scene_in
from storage.domain.errors import GenerationFailed
from storage.domain.request import GenerationRequest

USUAL_SIDE = 1024
"""The side of the square with a picture's area, in pixels, where a pipeline does not tell it."""

OnStep = Callable[[int], None]
"""Called after every step with the number of steps that are done; may raise Cancelled."""


class Offload(Enum):
    """What of a pipeline is on the device at once while it works: all, one model, or one layer."""

    NONE = "none"
    MODELS = "models"
    LAYERS = "layers"


@dataclass
class PictureModel:
    """Any pipeline of diffusers that AutoPipelineForText2Image loads.

    The weights are on the device only while a picture is made. What memory did not suffice for is
    not tried again.
    """

    pipeline: Any
    device: torch.device
    offload: Offload = Offload.NONE

    @classmethod
    def load(cls, folder: Path, device: torch.device, dtype: torch.dtype) -> PictureModel:
        """Load the pipeline in a folder; raise NotUsable."""
        # Slow, and seldom used.
        from diffusers import AutoPipelineForText2Image  # noqa: PLC0415
        from diffusers.utils import logging as diffusers_logging  # noqa: PLC0415
        from transformers.utils import logging as transformers_logging  # noqa: PLC0415

        diffusers_logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()
        with naming(folder):
            pipeline: Any = AutoPipelineForText2Image.from_pretrained(
                str(folder), dtype=dtype, use_safetensors=True, local_files_only=True
            )
        pipeline.set_progress_bar_config(disable=True)
        return cls(pipeline, device)

    def __call__(self, request: GenerationRequest, on_step: OnStep) -> Frame:
        """Return the picture of a request's prompt, of the request's aspect and a size of its own.

        Raise OutOfMemory, and GenerationFailed where the pipeline's own filter refuses the picture.
        """
        while True:
            try:
                return self._make_on_device(request, on_step)
            except (RuntimeError, MemoryError) as error:
                release_after(error, self.device)
            if not self._offload_more():
                raise OutOfMemory(f"the text-to-image model does not fit into {self.device}")

    def size(self, aspect: float) -> tuple[int, int]:
        """Return the width and height of a picture with an aspect (width/height)."""
        pipeline = self.pipeline
        scale = int(getattr(pipeline, "vae_scale_factor", 8))
        model = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
        config = getattr(model, "config", None)
        sample = getattr(pipeline, "default_sample_size", getattr(config, "sample_size", None))
        side = sample * scale if isinstance(sample, int) else USUAL_SIDE
        multiple = 2 * scale  # transformers put two latents by two into one token
        return (
            max(1, round(side * aspect**0.5 / multiple)) * multiple,
            max(1, round(side / aspect**0.5 / multiple)) * multiple,
        )

    def _make(self, request: GenerationRequest, on_step: OnStep) -> Frame:
        made = request.text_to_image
        if made is None:
            raise ValueError("the request has its picture")
        width, height = self.size(request.width / request.height)

        def on_step_end(_: Any, step: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            on_step(step + 1)
            return tensors

        arguments = {
            "prompt": scene_in(request.prompt),
            "negative_prompt": request.negative_prompt or None,
            "width": width,
            "height": height,
            "num_inference_steps": made.steps,
            "guidance_scale": made.guidance,
            # On the CPU, so that a seed gives the same noise on every device.
            "generator": torch.Generator("cpu").manual_seed(request.seed),
            "callback_on_step_end": on_step_end,
        }
        known = inspect.signature(self.pipeline.__call__).parameters
        answer = self.pipeline(**{name: arguments[name] for name in arguments if name in known})
        if any(getattr(answer, "nsfw_content_detected", None) or ()):
            raise GenerationFailed("failed_picture_refused")
        return np.asarray(answer.images[0].convert("RGB"))

    def _make_on_device(self, request: GenerationRequest, on_step: OnStep) -> Frame:
        whole = self.offload is Offload.NONE
        try:
            if whole:
                self.pipeline.to(self.device)
            return self._make(request, on_step)
        finally:
            if whole:
                self.pipeline.to("cpu", silence_dtype_warnings=True)
            else:
                self.pipeline.maybe_free_model_hooks()
            if self.device.type != "cpu":
                release_cached_memory(self.device)

    def _offload_more(self) -> bool:
        """Let less of the weights be on the device at once; return False where that is no help."""
        if self.device.type == "cpu" or self.offload is Offload.LAYERS:
            return False
        if self.offload is Offload.NONE:
            self.offload = Offload.MODELS
            self.pipeline.enable_model_cpu_offload(device=self.device)
        else:
            self.offload = Offload.LAYERS
            self.pipeline.enable_sequential_cpu_offload(device=self.device)
        return True
