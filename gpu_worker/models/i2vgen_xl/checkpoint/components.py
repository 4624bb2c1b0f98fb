"""A checkpoint's components, built without memory and given their weights straight away."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers.initialization import no_init_weights
from transformers.models.clip.configuration_clip import CLIPTextConfig, CLIPVisionConfig
from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPVisionModelWithProjection
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from gpu_worker.models.i2vgen_xl.checkpoint.locate import weight_file
from gpu_worker.models.i2vgen_xl.checkpoint.traits import Traits, read_traits

PREFIXES = ("text_model.", "vision_model.")
"""What transformers has put before the names of CLIP's weights, and later dropped."""

RENAMED = (
    (".query.", ".to_q."),
    (".key.", ".to_k."),
    (".value.", ".to_v."),
    (".proj_attn.", ".to_out.0."),
)
"""How diffusers has renamed the attention of autoencoders."""


@dataclass
class Components:
    """The components of one checkpoint, by diffusers' names.

    feature_extractor is what its preprocessor_config.json holds.
    """

    unet: I2VGenXLUNet
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    image_encoder: CLIPVisionModelWithProjection
    tokenizer: CLIPTokenizer
    scheduler: DDIMScheduler
    feature_extractor: dict[str, Any]
    traits: Traits


def load_components(folder: Path, device: torch.device, dtype: torch.dtype) -> Components:
    """Load every component to the device; raise FileNotFoundError where one is missing."""
    # The random values that new modules would get are replaced by the files' anyway.
    with no_init_weights(), torch.device("meta"):
        unet = I2VGenXLUNet.from_config(_config(folder / "unet"))
        vae = AutoencoderKL.from_config(_config(folder / "vae"))
        text = CLIPTextModel(CLIPTextConfig.from_dict(_config(folder / "text_encoder")))
        vision = CLIPVisionModelWithProjection(
            CLIPVisionConfig.from_dict(_config(folder / "image_encoder"))
        )
    for name, module in (
        ("unet", unet),
        ("vae", vae),
        ("text_encoder", text),
        ("image_encoder", vision),
    ):
        load_weights(module, weight_file(folder / name), device, dtype)
    return Components(
        unet=unet,
        vae=vae,
        text_encoder=text,
        image_encoder=vision,
        tokenizer=CLIPTokenizer.from_pretrained(str(folder / "tokenizer")),
        scheduler=DDIMScheduler.from_config(_config(folder / "scheduler", "scheduler_config.json")),
        feature_extractor=_config(folder / "feature_extractor", "preprocessor_config.json"),
        traits=read_traits(folder),
    )


def load_weights(module: nn.Module, file: Path, device: torch.device, dtype: torch.dtype) -> None:
    """Assign the weights of a file to a module that has none; raise KeyError for missing ones."""
    expected = module.state_dict().keys()
    weights = {}
    for name, tensor in load_file(file, device=str(device)).items():
        known = _own_name(name, expected)
        if known is not None:
            weights[known] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    missing = expected - weights.keys()
    if missing:
        raise KeyError(f"{file} lacks {sorted(missing)[0]} and {len(missing) - 1} more")
    module.load_state_dict(weights, assign=True)
    _fill_buffers(module, device)
    module.eval().requires_grad_(False)


def _own_name(name: str, expected: Any) -> str | None:
    """Return the module's own name for a weight of the file, or None for one it does not have."""
    candidates = [name]
    for prefix in PREFIXES:
        candidates += [name.removeprefix(prefix), prefix + name]
    for old, new in RENAMED:
        candidates.append(name.replace(old, new))
    return next((candidate for candidate in candidates if candidate in expected), None)


def _fill_buffers(module: nn.Module, device: torch.device) -> None:
    """Compute the buffers that no file holds: the positions of CLIP's embeddings."""
    for owner in module.modules():
        for name, buffer in owner.named_buffers(recurse=False):
            if buffer.is_meta:
                positions: Tensor = torch.arange(buffer.shape[-1], device=device)
                owner.register_buffer(name, positions.expand(1, -1), persistent=False)


def _config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return loaded
