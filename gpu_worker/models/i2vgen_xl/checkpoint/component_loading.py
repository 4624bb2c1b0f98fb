"""Loading of components: built without memory, and given their weights straight away."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from transformers.initialization import no_init_weights
from transformers.models.clip.configuration_clip import CLIPTextConfig, CLIPVisionConfig
from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPVisionModelWithProjection
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint import traits
from gpu_worker.models.i2vgen_xl.checkpoint.components import Components
from gpu_worker.models.i2vgen_xl.checkpoint.named_errors import naming
from gpu_worker.models.i2vgen_xl.checkpoint.weight_files import (
    COMPONENTS,
    check_whole,
    weight_files,
)
from storage.domain.text import printable

Value = TypeVar("Value")

CONFIG = "config.json"

PREFIXES = ("text_model.", "vision_model.")
"""What transformers has put before the names of CLIP's weights, and later dropped."""

RENAMED = (
    (".query.", ".to_q."),
    (".key.", ".to_k."),
    (".value.", ".to_v."),
    (".proj_attn.", ".to_out.0."),
)
"""How diffusers has renamed the attention of autoencoders."""


def load_components(folder: Path, device: torch.device, dtype: torch.dtype) -> Components:
    """Load every component to the device; raise NotUsable, which names the file and the cause.

    What can be told from the small files is checked before the first weight is read.
    """
    # The random values that new modules would get are replaced by the files' anyway.
    with no_init_weights(), torch.device("meta"):
        unet = build_class(folder / "unet" / CONFIG, I2VGenXLUNet)
        vae = build_class(folder / "vae" / CONFIG, AutoencoderKL)
        text = build(
            folder / "text_encoder" / CONFIG,
            lambda one: CLIPTextModel(CLIPTextConfig.from_dict(one)),
        )
        vision = build(
            folder / "image_encoder" / CONFIG,
            lambda one: CLIPVisionModelWithProjection(CLIPVisionConfig.from_dict(one)),
        )
    with naming(folder / "tokenizer"):
        (folder / "tokenizer").stat()  # without it, transformers would ask the hub
        tokenizer = CLIPTokenizer.from_pretrained(str(folder / "tokenizer"))
    with naming(folder / traits.FILE):
        found = traits.read_traits(folder)
    components = Components(
        unet=unet,
        vae=vae,
        text_encoder=text,
        image_encoder=vision,
        tokenizer=tokenizer,
        scheduler=build(folder / "scheduler/scheduler_config.json", DDIMScheduler.from_config),
        feature_extractor=read_config(folder / "feature_extractor" / "preprocessor_config.json"),
        traits=found,
    )
    components.check_agreement(folder)
    files = {name: weight_files(folder / name) for name in COMPONENTS}
    for name, parts in files.items():
        load_weights(getattr(components, name), parts, device, dtype)
    return components


def build_class(file: Path, kind: Any) -> Any:
    """Make a module of one of diffusers' classes from its config; raise NotUsable."""
    found = read_config(file).get("_class_name", kind.__name__)
    if found != kind.__name__:
        raise NotUsable(
            f"{printable(file)} is that of {printable(found)} and not of {kind.__name__}:"
            " this is another model's folder"
        )
    return build(file, kind.from_config)


def build(file: Path, make: Callable[[dict[str, Any]], Value]) -> Value:
    """Make what a config describes; raise NotUsable."""
    config = read_config(file)
    with naming(file):
        return make(config)


def read_config(file: Path) -> dict[str, Any]:
    """Read a JSON object; raise NotUsable."""
    with naming(file):
        loaded = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(loaded, dict):
            raise NotUsable(f"{printable(file)} holds no JSON object")
        return loaded


def load_weights(
    module: nn.Module, files: Sequence[Path], device: torch.device, dtype: torch.dtype
) -> None:
    """Assign the weights of files to a module that has none; raise NotUsable."""
    expected = module.state_dict()
    weights: dict[str, Tensor] = {}
    for file in files:
        with naming(file):
            check_whole(file)
            with _opened(file, device) as opened:
                for name in opened.keys():  # noqa: SIM118  # it is no mapping
                    known = _own_name(name, expected)
                    if known is not None:
                        _check_shape(file, name, opened, expected[known])
                        weights[known] = _checked(file, name, opened.get_tensor(name), dtype)
    missing = sorted(expected.keys() - weights.keys())
    if missing:
        more = f" and {len(missing) - 1} more weights" if missing[1:] else ""
        raise NotUsable(f"{printable(files[-1])} lacks {missing[0]}{more}")
    module.load_state_dict(weights, assign=True)
    _fill_buffers(module, device)
    module.eval().requires_grad_(False)


def _opened(file: Path, device: torch.device) -> Any:
    try:
        return safe_open(file, framework="pt", device=str(device))
    except SafetensorError as error:
        size = file.stat().st_size
        raise NotUsable(
            f"{printable(file)} is damaged or not all there ({size} bytes): {error}"
        ) from error


def _check_shape(file: Path, name: str, opened: Any, expected: Tensor) -> None:
    shape = list(opened.get_slice(name).get_shape())
    if shape != list(expected.shape):
        raise NotUsable(
            f"{printable(file)}: {printable(name)} has the shape {shape} where the component's"
            f" config.json wants {list(expected.shape)}"
        )


def _checked(file: Path, name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a weight in a precision; raise NotUsable for what is no finite number."""
    if not tensor.is_floating_point():
        raise NotUsable(f"{printable(file)}: {printable(name)} is {tensor.dtype}, not a float")
    if tensor.numel() and not bool(torch.isfinite(tensor.aminmax()[1] - tensor.aminmax()[0])):
        raise NotUsable(f"{printable(file)}: {printable(name)} holds values that are no numbers")
    return tensor.to(dtype)


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
