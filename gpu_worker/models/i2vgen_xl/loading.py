"""Loading of a checkpoint as a pipeline on a device."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch

from gpu_worker.models.i2vgen_xl.checkpoint.components import load_components
from gpu_worker.models.i2vgen_xl.device import resolve_device, resolve_dtype
from gpu_worker.models.i2vgen_xl.encoders import drop_skipped_layers
from gpu_worker.models.i2vgen_xl.memory.fallback import default_slices
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.pipeline import Pipeline
from gpu_worker.models.i2vgen_xl.unet.attention_choice import choose_kernels
from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions, artifacts_folder
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from gpu_worker.models.i2vgen_xl.unet.upsampling import fuse_upsamplers


@dataclass(frozen=True)
class EngineOptions:
    """How an engine runs.

    dtype and attention are names or auto. memory_gib bounds the memory of a device; 0 leaves that
    to the device itself. judge is the folder of a CLIP model that helps to choose among candidates.
    """

    device: str = "auto"
    dtype: str = "auto"
    attention: str = "auto"
    optimizations: Optimizations = field(default_factory=Optimizations)
    memory_gib: float = 0.0
    judge: str = ""


@torch.inference_mode()
def load_pipeline(folder: Path, options: EngineOptions, pool: ThreadPoolExecutor) -> Pipeline:
    """Load a checkpoint; raise FileNotFoundError where a component is missing.

    pool is where previews are encoded.
    """
    device, optimizations = resolve_device(options.device), options.optimizations
    dtype = resolve_dtype(options.dtype, device)
    components = load_components(folder, device, dtype)
    drop_skipped_layers(components)
    if optimizations.channels_last:
        components.vae.to(memory_format=torch.channels_last)
    fuse_upsamplers(components.vae)
    kernels = choose_kernels(options.attention, device, dtype)
    unet = UNet(components.unet, kernels, optimizations).eval()
    unet.slice_feed_forward(default_slices(device))
    regions = None
    if optimizations.compiled and device.type == "cuda":
        regions = CompiledRegions([*unet.layers(), unet.transformer_in], artifacts_folder(device))
    return Pipeline(components, unet, optimizations, device, pool, regions)
