"""A low-rank adapter in memory: for each layer that it changes, two factors of the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gpu_worker.models.i2vgen_xl.adapters.layer_weights import LayerWeight
from storage.domain.errors import BadStyle
from storage.styles.adapter_file import LowRankPair, read_layout

NAME_SHOWN = 120  # characters


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """A change of a weight: factor * up (o, r) times down (r, i * ...)."""

    down: Tensor
    up: Tensor
    factor: float


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """The factors of each layer that an adapter changes, by the layer's name, on the host."""

    layers: Mapping[str, Factors]

    def changes(self, weights: Mapping[str, LayerWeight]) -> Iterator[tuple[LayerWeight, Tensor]]:
        """Yield each weight that changes, and its change in single precision on its device."""
        for name, factors in self.layers.items():
            weight = weights[name]
            device, shape = weight.tensor.device, weight.tensor.shape
            product = factors.up.to(device) @ factors.down.to(device)
            yield weight, (factors.factor * product).view(shape)


def load_adapter(file: Path, weights: Mapping[str, LayerWeight]) -> Adapter:
    """Read an adapter for a UNet of these weights; raise BadStyle where it does not fit."""
    with file.open("rb") as opened:
        pairs = read_layout(opened)
    for pair in pairs:
        _check_shapes(pair, weights)
    try:
        with safe_open(file, framework="pt") as opened:
            return Adapter({pair.module: _factors(pair, opened) for pair in pairs})
    except SafetensorError as error:  # stricter than read_layout in what a header may be
        raise BadStyle("style_not_safetensors") from error


def _check_shapes(pair: LowRankPair, weights: Mapping[str, LayerWeight]) -> None:
    if pair.module not in weights:
        raise BadStyle("style_no_layer", name=pair.module[:NAME_SHOWN])
    wanted = tuple(weights[pair.module].tensor.shape)
    found = (pair.up_shape[0], *pair.down_shape[1:])
    whole = prod(pair.up_shape) == wanted[0] * pair.rank
    if found[:2] != wanted[:2] or prod(found) != prod(wanted) or not whole:
        raise BadStyle(
            "style_shape",
            name=pair.module[:NAME_SHOWN],
            found=_sizes(found),
            wanted=_sizes(wanted),
        )


def _factors(pair: LowRankPair, opened: Any) -> Factors:
    """Read a pair; raise BadStyle for what is no finite number."""
    down, up = (opened.get_tensor(name).float().flatten(1) for name in (pair.down, pair.up))
    alpha = float(opened.get_tensor(pair.alpha_name)) if pair.alpha_name else pair.alpha
    if not all(bool(torch.isfinite(one).all()) for one in (down, up, torch.tensor(alpha))):
        raise BadStyle("style_not_finite", name=pair.module[:NAME_SHOWN])
    return Factors(down, up, alpha / pair.rank)


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
