"""Export: the trained parts as a checkpoint folder in the layout of `save_pretrained`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpu_worker.lab.training.data.image_dataset import Gallery
from gpu_worker.lab.training.networks import autoencoder, unet
from gpu_worker.lab.training.networks import image_encoder as vision
from gpu_worker.lab.training.networks import text_encoder as text
from gpu_worker.lab.training.networks.model_types import Autoencoder, Denoiser
from gpu_worker.lab.training.validation import Parts

CLASSES = {
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "tokenizer": ("transformers", "CLIPTokenizer"),
    "image_encoder": ("transformers", "CLIPVisionModelWithProjection"),
    "feature_extractor": ("transformers", "CLIPImageProcessor"),
    "unet": ("diffusers", "I2VGenXLUNet"),
    "scheduler": ("diffusers", "DDIMScheduler"),
}
TRUST = 0.75
"""The share of the predicted residual that is added: on the pictures held out it errs least."""

QUIET = -20.0
"""Logarithm of the latents' variance: sampling from the encoder then gives its mean."""


def write(
    folder: Path, parts: Parts, prototypes: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    """Write the whole checkpoint in half precision, with `mutoscope.json` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    models: dict[str, Any] = {
        "vae": still(parts.autoencoder),
        "text_encoder": parts.text,
        "image_encoder": parts.vision,
        "unet": parts.unet,
    }
    for name, model in models.items():
        before = model.dtype
        model.half().save_pretrained(folder / name, safe_serialization=True)
        model.to(before)
        for file in (folder / name).glob("*.safetensors"):
            file.chmod(0o644)
    parts.tokenizer.save_pretrained(folder / "tokenizer")
    vision.processor().save_pretrained(folder / "feature_extractor")
    unet.scheduler().save_pretrained(folder / "scheduler")
    index = {"_class_name": "I2VGenXLPipeline", "_diffusers_version": "0.42.1", **CLASSES}
    _write_json(folder / "model_index.json", index)
    steering = {
        "image_latents": "moved",
        "target": "residual",
        "residual_scale": parts.scale,
        "residual_where": "uncovered",
    }
    _write_json(folder / "mutoscope.json", {**steering, **prototypes, **facts})


def still(model: Autoencoder) -> Autoencoder:
    """Make the encoder's distribution as narrow as numbers allow, in place."""
    with torch.no_grad():
        conv = model.quant_conv
        conv.weight[4:].zero_()
        conv.bias[4:].fill_(QUIET)
    return model


def prototypes(reader: text.Reader) -> dict[str, Any]:
    """Give the motions' directions among the text encoder's features, for nearest()."""
    rows = reader.directions().detach().numpy()
    names = [motion.value for motion in text.MOTIONS]
    return {
        "motion_prototypes": {
            name: [round(float(value), 5) for value in row]
            for name, row in zip(names, rows, strict=True)
        }
    }


@torch.no_grad()
def preview(model: Autoencoder, gallery: Gallery, side: int = 128) -> dict[str, Any]:
    """Fit the linear map from latents to RGB (-1..1) by least squares on training pictures."""
    latents, colours = [], []
    for picture in gallery.pictures[::8]:
        values = autoencoder.tensor(autoencoder.fitted(picture, side)[None])
        latents.append(autoencoder.encode(model, values)[0].flatten(1).T)
        colours.append(torch.nn.functional.avg_pool2d(values, 4)[0].flatten(1).T)
    rows = torch.cat(latents).numpy().astype(np.float64)
    design = np.hstack([rows, np.ones((len(rows), 1))])
    fit = np.linalg.lstsq(design, torch.cat(colours).numpy().astype(np.float64), rcond=None)[0]
    return {
        "latent_preview": {"matrix": fit[:4].round(5).tolist(), "bias": fit[4].round(5).tolist()}
    }


def load_vae(state: Path) -> Autoencoder:
    """Load the autoencoder from a stage's saved state."""
    model = autoencoder.build()
    model.load_state_dict(torch.load(state, map_location="cpu", weights_only=True)["model"])
    return model.eval()


def load_unet(state: Path) -> Denoiser:
    """Load the averaged denoiser from its stage's saved state, or an untrained one."""
    model = unet.build()
    if state.exists():
        model.load_state_dict(torch.load(state, map_location="cpu", weights_only=True)["average"])
    return model


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")
