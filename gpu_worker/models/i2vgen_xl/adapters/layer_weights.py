"""Where the weights of diffusers' UNet are in ours, by the layers' names in adapters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.unet.blocks import TemporalConvolution
from gpu_worker.models.i2vgen_xl.unet.transformer import SelfAttention
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from gpu_worker.models.i2vgen_xl.unet.upsampling import FusedUpsample2D

LAYERS = (nn.Linear, nn.Conv2d)
KOHYA = "lora_unet_"


@dataclass(frozen=True, slots=True)
class LayerWeight:
    """One layer's weight (o, i, ...) with the shape that diffusers gives it.

    tensor shares its memory with what the UNet computes with, and is part of it where several
    layers were joined. upsampler has a copy of it in another form, if any.
    """

    tensor: Tensor
    upsampler: FusedUpsample2D | None = None

    def refresh(self) -> None:
        """Bring the copy in line with the weight."""
        if self.upsampler is not None:
            self.upsampler.refresh()


def layer_weights(unet: UNet) -> dict[str, LayerWeight]:
    """Return the weights of all linear layers and convolutions, by diffusers' and kohya's names."""
    found = dict(_layer_weights(unet))
    return found | {KOHYA + name.replace(".", "_"): weight for name, weight in found.items()}


def _layer_weights(unet: UNet) -> Iterator[tuple[str, LayerWeight]]:
    modules = [*unet.modules()]
    joined = {id(one.attention): one for one in modules if isinstance(one, SelfAttention)}
    planes = {
        id(norm): cast(nn.Conv2d, plane)
        for one in modules
        if isinstance(one, TemporalConvolution)
        for norm, plane in zip(one.norms, one.convolutions, strict=True)
    }
    upsamplers = {id(one.convolution): one for one in modules if isinstance(one, FusedUpsample2D)}
    for name, module in cast(nn.Module, unet.stock).named_modules():
        if isinstance(module, LAYERS):
            yield name, LayerWeight(module.weight, upsamplers.get(id(module)))
        elif id(module) in joined:
            parts = joined[id(module)].to_qkv.weight.chunk(3)
            for part, weight in zip(("to_q", "to_k", "to_v"), parts, strict=True):
                yield f"{name}.{part}", LayerWeight(weight)
        elif isinstance(module, nn.Sequential) and module and id(module[0]) in planes:
            weight = cast(Any, planes[id(module[0])]).weight
            yield f"{name}.{len(module) - 1}", LayerWeight(weight.unsqueeze(-1))
