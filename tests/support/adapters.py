"""Adapter files with random factors, in the names that different tools give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from storage.domain.models.style import Style

DIFFUSERS = ("unet.{}.lora_A.weight", "unet.{}.lora_B.weight")
PEFT = ("base_model.model.{}.lora_A.weight", "base_model.model.{}.lora_B.weight")
OLD_DIFFUSERS = ("unet.{}.lora.down.weight", "unet.{}.lora.up.weight")
KOHYA = ("lora_unet_{}.lora_down.weight", "lora_unet_{}.lora_up.weight")


def random_factors(
    module: nn.Module, names: Iterable[str], rank: int = 2, size: float = 0.1
) -> dict[str, tuple[Tensor, Tensor]]:
    """Draw both factors of each named layer's change."""
    generator = torch.Generator().manual_seed(5)
    found = {}
    for name in names:
        weight: Any = module.get_submodule(name).weight
        down = size * torch.randn(rank, *weight.shape[1:], generator=generator)
        ones = [1] * (weight.dim() - 2)
        up = size * torch.randn(weight.shape[0], rank, *ones, generator=generator)
        found[name] = (down, up)
    return found


def adapter_bytes(
    factors: Mapping[str, tuple[Tensor, Tensor]],
    names: tuple[str, str] = DIFFUSERS,
    metadata: dict[str, str] | None = None,
    further: Mapping[str, Tensor] | None = None,
) -> bytes:
    """Return a file of these factors, named so, and of further tensors."""
    tensors = dict(further or {})
    for module, pair in factors.items():
        shown = module.replace(".", "_") if names is KOHYA else module
        tensors |= {name.format(shown): one for name, one in zip(names, pair, strict=True)}
    return save(tensors, metadata)


def put_style(folder: Path, data: bytes, scale: float = 1.0, name: str = "style") -> Style:
    """Write a style's file as a worker keeps it; return the style."""
    key = sha256(data).hexdigest()
    (folder / key).write_bytes(data)
    return Style(name, scale, key)
