"""A GPU's memory and arithmetic, counted on tensors without data.

Both pipelines run at full size on PyTorch's meta device, in half precision, as they would on a GPU
without a compiler, which saves more.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.estimates.flops import count_flops, pass_flops
from gpu_worker.models.i2vgen_xl.autoencoder import CHUNK, in_memory_format
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import (
    FULL,
    ModelSize,
    random_image_encoder,
    random_text_encoder,
    random_unet,
    random_vae,
)
from gpu_worker.models.i2vgen_xl.memory.eight_bit import quantize
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode
from gpu_worker.models.i2vgen_xl.memory.fallback import GPU_SLICES, SLICES
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention import AttentionKind
from gpu_worker.models.i2vgen_xl.unet.conditioning import Conditioning
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from storage.domain.catalogue import PresetRow
from storage.domain.request import Preset

META = torch.device("meta")
BLOCK = 512
"""A GPU's allocator gives memory in blocks of so many bytes."""

ATTENTION = torch.ops.aten.scaled_dot_product_attention.default
CONVOLUTION = torch.ops.aten.convolution.default
COMPOSITE = "CompositeImplicitAutograd"


class AllocationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's class is untyped
    """Counts the bytes of all tensors that live at a time, and their peak, while it is on.

    Every storage counts from its first tensor to its last; what kernels allocate for themselves is
    not seen.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()  # type: ignore[no-untyped-call]  # torch's class is untyped
        self.now: int = 0
        self.peak: int = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operation, decomposed where it is composite, and count its results."""
        options = kwargs or {}
        if func is ATTENTION:
            result = _fused_attention(args[0], args[2])
        elif func is CONVOLUTION:
            result = self._convolve(*args, **options)
        elif torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), COMPOSITE):
            with self:
                return func.decompose(*args, **options)
        else:
            result = func(*args, **options)
        tree_map_only(Tensor, self.count, result)
        return result

    def _convolve(self, maps: Tensor, weight: Tensor, *rest: Any) -> Tensor:
        """Convolve as a GPU does: in the weight's memory order, with a copy of other maps."""
        if _is_channels_last(weight) and not _is_channels_last(maps):
            maps = maps.contiguous(memory_format=torch.channels_last)
            self.count(maps)
        result = cast(Tensor, CONVOLUTION(maps, weight, *rest))
        if _is_channels_last(weight):
            return result.contiguous(memory_format=torch.channels_last)
        return result

    def count_modules(self, *modules: nn.Module) -> None:
        """Count the weights of modules that exist already."""
        for module in modules:
            for tensor in (*module.parameters(), *module.buffers()):
                self.count(tensor)

    def count(self, tensor: Tensor) -> None:
        """Count a tensor's storage until it is freed."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._sizes:
            return
        self._sizes[key] = -(-storage.nbytes() // BLOCK) * BLOCK
        self.now += self._sizes[key]
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._free, key)

    def _free(self, key: int) -> None:
        self.now -= self._sizes.pop(key)


def _is_channels_last(maps: Tensor) -> bool:
    """Return whether maps or weights (n, c, h, w) keep their channels innermost."""
    last = maps.dim() == 4 and maps.is_contiguous(memory_format=torch.channels_last)
    return last and not maps.is_contiguous()


def _fused_attention(query: Tensor, value: Tensor) -> Tensor:
    """Return what a GPU's fused kernel allocates: nothing but the result, heads side by side."""
    batch, heads, tokens, _ = query.shape
    return query.new_empty(batch, tokens, heads, value.shape[-1]).transpose(1, 2)


@dataclass(frozen=True)
class GpuEstimate:
    """What a guided clip of a shape would take, in bytes and in operations."""

    shape: ClipShape
    peaks: dict[str, float]
    operations: dict[str, float]

    def markdown(self) -> list[str]:
        """Return the figures as the lines of two tables."""
        memory, work = self.peaks["stock"], self.operations["stock"]
        lines = [f"**{self.shape.size}, {self.shape.steps} steps**", ""]
        lines += ["| side | peak memory | of stock |", "|---|---|---|"]
        for name, peak in self.peaks.items():
            lines.append(f"| {name} | {peak / 2**30:.2f} GiB | {peak / memory:.2f} |")
        lines += ["", "| side | operations | of stock |", "|---|---|---|"]
        for name, count in self.operations.items():
            lines.append(f"| {name} | {count / 1e12:.0f} TFLOP | {count / work:.2f} |")
        return [*lines, ""]


def estimate(shape: ClipShape, presets: Mapping[Preset, PresetRow]) -> GpuEstimate:
    """Count both pipelines for a shape: memory in every mode, operations of every preset."""
    peaks = {mode.value: engine_peak(shape, mode) for mode in MemoryMode}
    return GpuEstimate(shape, {"stock": stock_peak(shape), **peaks}, _operations(shape, presets))


@torch.inference_mode()
def stock_peak(shape: ClipShape) -> float:
    """Return the stock pipeline's peak: all weights, and the UNet or the decoding of a frame."""
    unet, vae = build(random_unet), build(random_vae)
    encoders = [build(random_text_encoder), build(random_image_encoder)]
    with AllocationCounter() as counter:
        counter.count_modules(unet, vae, *encoders)
        _stock_pass(unet, shape)
        _decode(vae, shape, 1)
    return float(counter.peak)


@torch.inference_mode()
def engine_peak(shape: ClipShape, mode: MemoryMode) -> float:
    """Return the engine's peak: one encoder after the other, then the UNet, then the decoding."""
    halves = 1 if mode in (MemoryMode.HALVES, MemoryMode.EIGHT_BIT) else 2
    vae = build(random_vae)
    vae.to(memory_format=torch.channels_last)
    unet = _engine_unet()
    unet.slice_feed_forward(GPU_SLICES if mode is MemoryMode.NONE else SLICES)
    if mode is MemoryMode.EIGHT_BIT:
        quantize(unet)
    encoders = [build(random_text_encoder), build(random_image_encoder)]
    with AllocationCounter() as counter:
        counter.count_modules(unet, vae)
        while encoders:
            counter.count_modules(encoders.pop())  # freed before the next
        conditioning = _conditioning(shape)
        prepared = unet.prepare(conditioning, torch.zeros(shape.steps, device=META))
        contexts = tuple((key[:halves], value[:halves]) for key, value in prepared.contexts)
        sample = _empty(1, *conditioning.image_latents.shape[1:])
        unet(sample, prepared.image_features, prepared.time_table[0], contexts)
        del prepared, contexts, sample
        _decode(vae, shape, CHUNK)
    return float(counter.peak)


@torch.inference_mode()
def _operations(shape: ClipShape, presets: Mapping[Preset, PresetRow]) -> dict[str, float]:
    """Return the operations of a clip's denoising: by stock, and by each preset."""
    stock = build(random_unet)
    operations = {"stock": shape.steps * count_flops(lambda: _stock_pass(stock, shape))}
    unet, conditioning = _engine_unet(), _conditioning(shape)
    cost = {
        (halves, fresh): pass_flops(unet, conditioning, halves, fresh)
        for halves in (1, 2)
        for fresh in (False, True)
    }
    for preset, row in presets.items():
        steps = max(2, round(shape.steps * row.steps))
        low, high = (round(share * steps) for share in (row.guidance.low, row.guidance.high))
        passes = ((2 if low <= at < high else 1, at % row.reuse == 0) for at in range(steps))
        operations[preset.value] = sum(cost[halves, fresh] for halves, fresh in passes)
    return operations


def _stock_pass(unet: Any, shape: ClipShape) -> None:
    """Run the stock UNet once, with guidance."""
    latents = _empty(2, 4, shape.frames, *_latent_size(shape))
    unet(
        latents,
        torch.zeros((), device=META),
        fps=torch.zeros(2, device=META),
        image_latents=torch.zeros_like(latents),
        image_embeddings=_empty(2, 1, FULL.context),
        encoder_hidden_states=_empty(2, FULL.tokens, FULL.context),
    )


def _engine_unet() -> UNet:
    return UNet(build(random_unet), dict.fromkeys(AttentionKind, "sdpa"), Optimizations()).eval()


def build(make: Callable[[ModelSize], nn.Module]) -> Any:
    """Return a module at full size, in half precision, without data."""
    with META:
        return make(FULL).half().requires_grad_(False)


def _empty(*size: int) -> Tensor:
    return torch.empty(size, dtype=torch.float16, device=META)


def _latent_size(shape: ClipShape) -> tuple[int, int]:
    return shape.height // 8, shape.width // 8


def _conditioning(shape: ClipShape) -> Conditioning:
    latents = _empty(1, 4, shape.frames, *_latent_size(shape))
    return Conditioning(
        _empty(2, FULL.tokens, FULL.context), _empty(2, 1, FULL.context), latents, 8
    )


def _decode(vae: Any, shape: ClipShape, chunk: int) -> None:
    """Decode a clip's last `chunk` frames beside all earlier ones, where memory is at its peak."""
    latents = _empty(shape.frames, 4, *_latent_size(shape))
    earlier = _empty(shape.frames - chunk, 3, shape.height, shape.width)
    vae.decode(in_memory_format(vae, latents[-chunk:]))
    del earlier
