"""Prompts and pictures through the checkpoint's text and image encoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gpu_worker.media.frames import Frame
from gpu_worker.models.i2vgen_xl.checkpoint.components import Components


def drop_skipped_layers(components: Components) -> None:
    """Drop the last text layers, where the embedding is taken from one before them."""
    encoder = components.text_encoder.encoder
    if components.traits.clip_skip:
        encoder.layers = encoder.layers[: -components.traits.clip_skip]


def encode_prompts(components: Components, prompts: list[str]) -> Tensor:
    """Encode prompts (b) to (b, n, e): the last layer that was not dropped, normalised."""
    model = components.text_encoder
    tokens = components.tokenizer(
        prompts,
        padding="max_length",
        max_length=model.config.max_position_embeddings,
        truncation=True,
        return_tensors="np",
    )
    ids = torch.from_numpy(np.asarray(tokens["input_ids"], np.int64)).to(model.device)
    return cast(Tensor, model(ids).last_hidden_state)


def encode_image(components: Components, picture: Frame) -> Tensor:
    """Encode the clip's opening picture (h, w, 3) to (1, 1, e)."""
    model = components.image_encoder
    pixels = torch.from_numpy(preprocess(picture, components.feature_extractor))
    return cast(Tensor, model(pixels.to(model.device, model.dtype)).image_embeds.unsqueeze(1))


def preprocess(picture: Frame, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """Crop the middle square as the stock pipeline does and normalise it (1, 3, size, size)."""
    image = Image.fromarray(picture)
    width = image.width
    scale = min(image.width / width, image.height / width)
    size = (round(image.width // scale), round(image.height // scale))
    image = image.resize(size, Image.Resampling.BOX)
    left, top = (image.width - width) // 2, (image.height - width) // 2
    image = image.crop((left, top, left + width, top + width))
    crop = settings["crop_size"]
    side = crop["width"] if isinstance(crop, dict) else crop
    image = image.resize((side, side), Image.Resampling.BILINEAR)
    values = np.asarray(image, np.float32) / 255.0
    mean, std = (np.array(settings[name], np.float32) for name in ("image_mean", "image_std"))
    return ((values - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
