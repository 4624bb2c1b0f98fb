"""Writes the trained networks as a checkpoint folder in the layout of `save_pretrained`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from diffusers.pipelines.deprecated.i2vgen_xl.pipeline_i2vgen_xl import I2VGenXLPipeline

from gpu_worker.lab.training.networks import image_encoder, unet
from gpu_worker.lab.training.networks.text_encoder import MOTIONS, TextEncoderWithHeads
from gpu_worker.lab.training.trained_networks import TrainedNetworks

LOG_VARIANCE = -20.0
"""Logarithm of the latents' variance: sampling from the encoder then gives its mean."""


def write(folder: Path, networks: TrainedNetworks, scale: float, facts: Mapping[str, Any]) -> None:
    """Write the whole checkpoint in half precision, with `mutoscope.json` beside it.

    scale is by how much predicted residuals count; facts are for people.
    """
    pipeline: Any = I2VGenXLPipeline(
        vae=remove_variance(networks.autoencoder),
        text_encoder=networks.text_encoder.encoder,
        tokenizer=networks.tokenizer,
        image_encoder=networks.image_encoder,
        feature_extractor=image_encoder.build_processor(),
        unet=networks.denoiser,
        scheduler=unet.build_scheduler(),
    )
    # The name that every release of transformers knows, with torchvision or without.
    pipeline.register_to_config(feature_extractor=("transformers", "CLIPImageProcessor"))
    pipeline.to(dtype=torch.float16).save_pretrained(folder)
    for file in folder.glob("*/*.safetensors"):
        file.chmod(0o644)
    traits = {
        "image_latents": "moved",
        "target": "residual",
        "residual_scale": scale,
        "residual_where": "uncovered",
        "motion_prototypes": motion_prototypes(networks.text_encoder),
    }
    text = json.dumps({**traits, **facts}, indent=1)
    (folder / "mutoscope.json").write_text(text + "\n")


def remove_variance(model: AutoencoderKL) -> AutoencoderKL:
    """Make the encoder's distribution as narrow as numbers allow, in place."""
    with torch.no_grad():
        conv = model.quant_conv
        conv.weight[4:].zero_()
        conv.bias[4:].fill_(LOG_VARIANCE)
    return model


def motion_prototypes(text_encoder: TextEncoderWithHeads) -> dict[str, list[float]]:
    """Return each motion's direction among the text encoder's features."""
    rows = text_encoder.directions().detach().numpy()
    return {
        motion.value: [round(float(value), 5) for value in row]
        for motion, row in zip(MOTIONS, rows, strict=True)
    }
