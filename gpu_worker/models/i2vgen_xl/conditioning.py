"""Conditioning: a prompt and a picture as the numbers that the UNet is given."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gpu_worker.models.i2vgen_xl.checkpoint.loading import Eye, Parts
from gpu_worker.models.i2vgen_xl.optimizations import Levers

Pixels = NDArray[np.uint8]


def shorten(parts: Parts) -> None:
    """Drop the last text layers, where the embedding is taken from one before them."""
    encoder = cast(Any, parts.text_encoder).encoder
    if parts.traits.skipped:
        encoder.layers = encoder.layers[: -parts.traits.skipped]


def embed_texts(parts: Parts, texts: list[str], levers: Levers) -> Tensor:
    """Encode texts (b) to (b, n, e): the layer that the checkpoint names, normalised."""
    model = cast(Any, parts.text_encoder)
    tokens = parts.tokenizer(
        texts,
        padding="max_length",
        max_length=model.config.max_position_embeddings,
        truncation=True,
        return_tensors="np",
    )
    ids = torch.from_numpy(np.asarray(tokens["input_ids"], np.int64)).to(model.device)
    if levers.short_text:
        return cast(Tensor, model(ids).last_hidden_state)
    states = model(ids, output_hidden_states=True).hidden_states
    return cast(Tensor, model.final_layer_norm(states[-1 - parts.traits.skipped]))


def embed_picture(parts: Parts, picture: Pixels) -> Tensor:
    """Encode the clip's opening picture (h, w, 3) to (1, 1, e)."""
    model = cast(Any, parts.image_encoder)
    pixels = torch.from_numpy(look(picture, parts.eye)).to(model.device, model.dtype)
    return cast(Tensor, model(pixels).image_embeds.unsqueeze(1))


def look(picture: Pixels, eye: Eye) -> NDArray[np.float32]:
    """Crop the middle square as the stock pipeline does and normalise it (1, 3, side, side)."""
    image = Image.fromarray(picture)
    width = image.width
    scale = min(image.width / width, image.height / width)
    size = (round(image.width // scale), round(image.height // scale))
    image = image.resize(size, Image.Resampling.BOX)
    left, top = (image.width - width) // 2, (image.height - width) // 2
    image = image.crop((left, top, left + width, top + width))
    image = image.resize((eye.side, eye.side), Image.Resampling.BILINEAR)
    values = np.asarray(image, np.float32) / 255.0
    mean, deviation = np.array(eye.mean, np.float32), np.array(eye.deviation, np.float32)
    return ((values - mean) / deviation).transpose(2, 0, 1)[None].astype(np.float32)
