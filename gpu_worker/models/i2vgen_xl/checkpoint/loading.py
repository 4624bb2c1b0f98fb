"""Loading: a checkpoint's parts, built without memory and given their weights straight away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers.models.clip.configuration_clip import CLIPTextConfig, CLIPVisionConfig
from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPVisionModelWithProjection
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from gpu_worker.models.i2vgen_xl.checkpoint.locate import Traits, traits, weights

PREFIXES = ("text_model.", "vision_model.")
"""What transformers has put before the names of CLIP's weights, and later dropped."""

OLD_NAMES = (
    (".query.", ".to_q."),
    (".key.", ".to_k."),
    (".value.", ".to_v."),
    (".proj_attn.", ".to_out.0."),
)
"""How diffusers has renamed the attention of autoencoders."""

RANDOM: tuple[tuple[Any, str], ...] = (
    (nn.Linear, "reset_parameters"),
    (nn.Conv2d, "reset_parameters"),
    (nn.Conv3d, "reset_parameters"),
    (nn.Embedding, "reset_parameters"),
    (CLIPTextModel, "init_weights"),
    (CLIPVisionModelWithProjection, "init_weights"),
)
"""What fills new modules with random values."""


@dataclass(frozen=True)
class Eye:
    """How the image encoder wants its picture: the side in pixels and each colour's statistics."""

    side: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


@dataclass
class Parts:
    """The parts of one checkpoint; the encoders leave when memory is short."""

    unet: I2VGenXLUNet
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    image_encoder: CLIPVisionModelWithProjection
    tokenizer: CLIPTokenizer
    scheduler: DDIMScheduler
    eye: Eye
    traits: Traits

    def modules(self) -> dict[str, nn.Module]:
        """Return the parts that have weights, by name."""
        return {
            "unet": self.unet,
            "vae": self.vae,
            "text_encoder": self.text_encoder,
            "image_encoder": self.image_encoder,
        }


def load(folder: Path, device: torch.device, dtype: torch.dtype) -> Parts:
    """Load every part to the device; raise FileNotFoundError where one is missing."""
    with _without_memory():
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
        fill(module, weights(folder / name), device, dtype)
    return Parts(
        unet=unet,
        vae=vae,
        text_encoder=text,
        image_encoder=vision,
        tokenizer=CLIPTokenizer.from_pretrained(str(folder / "tokenizer")),
        scheduler=DDIMScheduler.from_config(_config(folder / "scheduler", "scheduler_config.json")),
        eye=_eye(_config(folder / "feature_extractor", "preprocessor_config.json")),
        traits=traits(folder),
    )


def fill(module: nn.Module, file: Path, device: torch.device, dtype: torch.dtype) -> None:
    """Assign the weights of a file to a module that has none; raise KeyError for missing ones."""
    expected = module.state_dict().keys()
    found = {}
    for name, tensor in load_file(file, device=str(device)).items():
        known = _known(name, expected)
        if known is not None:
            found[known] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    missing = expected - found.keys()
    if missing:
        raise KeyError(f"{file} lacks {sorted(missing)[0]} and {len(missing) - 1} more")
    module.load_state_dict(found, assign=True)
    _fill_buffers(module, device)
    module.eval().requires_grad_(False)


def _known(name: str, expected: Any) -> str | None:
    """Return the module's own name for a weight of the file, or None for one it does not have."""
    candidates = [name]
    for prefix in PREFIXES:
        candidates += [name.removeprefix(prefix), prefix + name]
    for old, new in OLD_NAMES:
        candidates.append(name.replace(old, new))
    return next((candidate for candidate in candidates if candidate in expected), None)


def _fill_buffers(module: nn.Module, device: torch.device) -> None:
    """Compute the buffers that no file holds: the positions of CLIP's embeddings."""
    for owner in module.modules():
        for name, buffer in owner.named_buffers(recurse=False):
            if buffer.is_meta:
                positions: Tensor = torch.arange(buffer.shape[-1], device=device)
                owner.register_buffer(name, positions.expand(1, -1), persistent=False)


@contextmanager
def _without_memory() -> Iterator[None]:
    """Build modules on no device, and leave out the random values that files replace anyway."""
    saved = [(kind, name, getattr(kind, name)) for kind, name in RANDOM]
    for kind, name in RANDOM:
        setattr(kind, name, lambda *_given, **_named: None)
    try:
        with torch.device("meta"):
            yield
    finally:
        for kind, name, method in saved:
            setattr(kind, name, method)


def _config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return loaded


def _eye(config: dict[str, Any]) -> Eye:
    side = config["crop_size"]
    mean, deviation = config["image_mean"], config["image_std"]
    return Eye(
        side=int(side["width"] if isinstance(side, dict) else side),
        mean=(mean[0], mean[1], mean[2]),
        deviation=(deviation[0], deviation[1], deviation[2]),
    )
