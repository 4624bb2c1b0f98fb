"""Loads what the stages of training saved below a work folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, I2VGenXLUNet
from transformers import CLIPTokenizer, CLIPVisionModelWithProjection

from gpu_worker.lab.training.networks import autoencoder, image_encoder, text_encoder, unet
from gpu_worker.lab.training.networks.text_encoder import TextEncoderWithHeads


@dataclass(frozen=True)
class TrainedNetworks:
    """Everything that a checkpoint holds, and the heads that trained the text encoder."""

    autoencoder: AutoencoderKL
    denoiser: I2VGenXLUNet
    text_encoder: TextEncoderWithHeads
    tokenizer: CLIPTokenizer
    image_encoder: CLIPVisionModelWithProjection


def load(work: Path) -> TrainedNetworks:
    """Load all networks; raises FileNotFoundError where a stage has not run."""
    return TrainedNetworks(
        load_autoencoder(work),
        _load(unet.build(), work / "unet.pt", "average"),
        load_text_encoder(work),
        load_tokenizer(work),
        load_image_encoder(work),
    )


def load_autoencoder(work: Path) -> AutoencoderKL:
    """Load the autoencoder."""
    return _load(autoencoder.build(), work / "autoencoder.pt")


def load_image_encoder(work: Path) -> CLIPVisionModelWithProjection:
    """Load the image encoder."""
    return _load(image_encoder.build(), work / "vision.pt")


def load_tokenizer(work: Path) -> CLIPTokenizer:
    """Load the tokenizer."""
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    return tokenizer


def load_text_encoder(work: Path) -> TextEncoderWithHeads:
    """Load the text encoder with its heads."""
    model: TextEncoderWithHeads = _load(
        TextEncoderWithHeads(text_encoder.build(load_tokenizer(work))), work / "text.pt"
    )
    return model


def _load(model: Any, state: Path, name: str = "model") -> Any:
    model.load_state_dict(torch.load(state, map_location="cpu", weights_only=True)[name])
    return model.eval()
