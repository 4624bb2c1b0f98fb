"""Estimates how near everything in a picture is, with a model that the operator names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from PIL import Image

from gpu_worker.engine.api import NotUsable
from gpu_worker.media.frames import Frame
from gpu_worker.render.depth.inverse_depth import DepthMap
from storage.domain.catalogue import HUB_ID
from storage.domain.text import printable

LARGEST = 768
"""The longest side of a depth map, in pixels; models answer at 384 to 768."""

PATTERNS = ("*.json", "*.safetensors")


@dataclass(frozen=True, eq=False)
class DepthEstimator:
    """A model of transformers' AutoModelForDepthEstimation with its image processor.

    The weights are on the device only while a picture is looked at.
    """

    model: Any
    processor: Any
    device: torch.device

    @classmethod
    def load(cls, source: str, device: torch.device) -> DepthEstimator:
        """Load a folder or a hub id; raise NotUsable."""
        from transformers import (  # noqa: PLC0415  # slow, and seldom used
            AutoImageProcessor,
            AutoModelForDepthEstimation,
        )

        folder = locate(source)
        try:
            processor: Any = AutoImageProcessor.from_pretrained(str(folder))
            model: Any = AutoModelForDepthEstimation.from_pretrained(
                str(folder), use_safetensors=True
            )
        except (OSError, ValueError, ImportError) as error:
            line = printable(next(filter(None, str(error).splitlines()), type(error).__name__))
            raise NotUsable(
                f"{printable(source)} holds no depth estimator: {line[:300]}"
            ) from error
        return cls(model.float().eval(), processor, device)

    @torch.inference_mode()
    def __call__(self, picture: Frame) -> DepthMap:
        """Return a picture's depth map, at a size of its own."""
        height, width = picture.shape[:2]
        share = min(1.0, LARGEST / max(width, height))
        size = (max(1, round(height * share)), max(1, round(width * share)))
        inputs = self.processor(images=Image.fromarray(picture), return_tensors="pt")
        self.model.to(self.device)
        try:
            outputs = self.model(**inputs.to(self.device))
            sizes = {"target_sizes": [size]}
            if self.model.config.model_type == "zoedepth":
                sizes["source_sizes"] = [(height, width)]
            answer = self.processor.post_process_depth_estimation(outputs, **sizes)
            values = answer[0]["predicted_depth"].float().cpu().numpy().reshape(size)
        finally:
            self.model.to("cpu")
        values = np.nan_to_num(values, posinf=0.0, neginf=0.0).astype(np.float32)
        return (
            DepthMap.of_distances(values)
            if gives_distances(self.model.config)
            else DepthMap(values)
        )


def gives_distances(config: Any) -> bool:
    """Tell whether a model answers with distances; else it does with inverse ones, unscaled."""
    kind = getattr(config, "depth_estimation_type", None)
    if kind is not None:
        return bool(kind == "metric")
    # Of the DPT models those with a projection before their head were trained on distances.
    return config.model_type != "dpt" or bool(config.add_projection)


def locate(source: str) -> Path:
    """Return the folder of a depth model, fetched from the hub where needed; raise NotUsable."""
    folder = Path(source).expanduser()
    if (folder / "config.json").is_file():
        return folder
    named = None if folder.exists() else HUB_ID.fullmatch(source)
    if named is None:
        raise NotUsable(f"{printable(source)} holds no depth estimator: there is no config.json")
    try:
        return Path(
            snapshot_download(
                named["repository"], revision=named["revision"], allow_patterns=[*PATTERNS]
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        line = printable(next(filter(None, str(error).splitlines()), type(error).__name__))
        raise NotUsable(f"{source} cannot be had from the hub: {line[:300]}") from error
