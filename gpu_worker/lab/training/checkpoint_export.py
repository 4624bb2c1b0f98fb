"""Writes the trained networks as a checkpoint folder in the layout of `save_pretrained`."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.networks import image_encoder, unet
from gpu_worker.lab.training.networks.autoencoder import FACTOR, to_tensor
from gpu_worker.lab.training.networks.model_types import Autoencoder
from gpu_worker.lab.training.networks.text_encoder import MOTIONS, TextEncoderWithHeads
from gpu_worker.lab.training.trained_networks import TrainedNetworks
from gpu_worker.lab.training.trainers.autoencoder_trainer import fit_square
from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import INDEX

LOG_VARIANCE = -20.0
"""Logarithm of the latents' variance: sampling from the encoder then gives its mean."""


def write(
    folder: Path,
    networks: TrainedNetworks,
    prototypes: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Write the whole checkpoint in half precision, with `mutoscope.json` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    models: dict[str, Any] = {
        "vae": remove_variance(networks.autoencoder),
        "text_encoder": networks.text_encoder,
        "image_encoder": networks.image_encoder,
        "unet": networks.denoiser,
    }
    for name, model in models.items():
        before = model.dtype
        model.half().save_pretrained(folder / name, safe_serialization=True)
        model.to(before)
        for file in (folder / name).glob("*.safetensors"):
            file.chmod(0o644)
    networks.tokenizer.save_pretrained(folder / "tokenizer")
    image_encoder.build_processor().save_pretrained(folder / "feature_extractor")
    unet.build_scheduler().save_pretrained(folder / "scheduler")
    index = {**INDEX, "_diffusers_version": version("diffusers")}
    _write_json(folder / "model_index.json", index)
    traits = {
        "image_latents": "moved",
        "target": "residual",
        "residual_scale": networks.scale,
        "residual_where": "uncovered",
    }
    _write_json(folder / "mutoscope.json", {**traits, **prototypes, **facts})


def remove_variance(model: Autoencoder) -> Autoencoder:
    """Make the encoder's distribution as narrow as numbers allow, in place."""
    with torch.no_grad():
        conv = model.quant_conv
        conv.weight[4:].zero_()
        conv.bias[4:].fill_(LOG_VARIANCE)
    return model


def motion_prototypes(text_encoder: TextEncoderWithHeads) -> dict[str, Any]:
    """Return each motion's direction among the text encoder's features."""
    rows = text_encoder.directions().detach().numpy()
    return {
        "motion_prototypes": {
            motion.value: [round(float(value), 5) for value in row]
            for motion, row in zip(MOTIONS, rows, strict=True)
        }
    }


@torch.no_grad()
def latent_preview(model: Autoencoder, images: ImageDataset) -> dict[str, Any]:
    """Fit the linear map from latents to RGB (-1..1) by least squares on training pictures."""
    latents, colours = [], []
    for image in images.images[::8]:
        pixels = to_tensor(fit_square(image)[None])
        latents.append(model.encode(pixels).latent_dist.mean[0].flatten(1).T)
        colours.append(torch.nn.functional.avg_pool2d(pixels, FACTOR)[0].flatten(1).T)
    rows = torch.cat(latents).numpy().astype(np.float64)
    design = np.hstack([rows, np.ones((len(rows), 1))])
    fit = np.linalg.lstsq(design, torch.cat(colours).numpy().astype(np.float64), rcond=None)[0]
    return {
        "latent_preview": {"matrix": fit[:4].round(5).tolist(), "bias": fit[4].round(5).tolist()}
    }


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")
