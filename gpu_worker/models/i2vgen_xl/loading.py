"""Loading of a checkpoint as a pipeline on a device."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from gpu_worker.models.i2vgen_xl.checkpoint.component_loading import load_components
from gpu_worker.models.i2vgen_xl.checkpoint.components import Components
from gpu_worker.models.i2vgen_xl.checkpoint.named_errors import naming
from gpu_worker.models.i2vgen_xl.encoders import drop_skipped_layers, preprocess
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_device, resolve_dtype
from gpu_worker.models.i2vgen_xl.hardware.device_facts import runs_compiled
from gpu_worker.models.i2vgen_xl.memory.fallback import default_slices
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.pipeline import Pipeline
from gpu_worker.models.i2vgen_xl.sampling.schedule import read_schedule
from gpu_worker.models.i2vgen_xl.unet.attention_choice import choose_kernels
from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions, artifacts_folder
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from gpu_worker.models.i2vgen_xl.unet.upsampling import fuse_upsamplers

TRIED_STEPS = 4


@dataclass(frozen=True)
class EngineOptions:
    """How an engine runs.

    dtype and attention are names or auto. memory_gib bounds the memory of a device; 0 leaves that
    to the device itself. judge is the folder of a CLIP model that helps to choose among candidates,
    depth_model the folder or hub id of a depth estimator, empty for none. compiled_at_once compiles
    for a shape at its first clip instead of its second. styles_folder holds the files of styles,
    each named by its sha256; None for no styles.
    """

    device: str = "auto"
    dtype: str = "auto"
    attention: str = "auto"
    optimizations: Optimizations = field(default_factory=Optimizations)
    memory_gib: float = 0.0
    judge: str = ""
    compiled_at_once: bool = False
    depth_model: str = ""
    styles_folder: Path | None = None


@torch.inference_mode()
def load_pipeline(folder: Path, options: EngineOptions, pool: ThreadPoolExecutor) -> Pipeline:
    """Load a checkpoint; raise NotUsable, which names the file that cannot be used.

    pool is where previews are encoded.
    """
    device, optimizations = resolve_device(options.device), options.optimizations
    dtype = resolve_dtype(options.dtype, device)
    components = load_components(folder, device, dtype)
    _try_out(folder, components)
    drop_skipped_layers(components)
    if optimizations.channels_last and device.type != "cuda":
        # On CUDA torch's group norm gives contiguous maps, which each convolution would turn again.
        components.vae.to(memory_format=torch.channels_last)
    fuse_upsamplers(components.vae)
    compiled = optimizations.compiled and runs_compiled(device)
    kernels = choose_kernels(options.attention, device, dtype, compiled=compiled)
    unet = UNet(components.unet, kernels, optimizations).eval()
    unet.slice_feed_forward(default_slices(device, compiled=compiled))
    regions = None
    if compiled:
        regions = CompiledRegions(
            [*unet.layers(), unet.transformer_in],
            artifacts_folder(device),
            at_once=options.compiled_at_once,
        )
    return Pipeline(components, unet, optimizations, device, pool, regions)


def _try_out(folder: Path, components: Components) -> None:
    """Raise NotUsable where a clip would fail on what the small files say."""
    with naming(folder / "feature_extractor/preprocessor_config.json"):
        preprocess(np.zeros((8, 8, 3), np.uint8), components.feature_extractor)
    with naming(folder / "scheduler/scheduler_config.json"):
        read_schedule(components.scheduler, TRIED_STEPS)
