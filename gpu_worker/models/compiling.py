"""Compiling: blocks compiled by region on a GPU, with a cache that outlives the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch

from gpu_worker.models.unet import UNet

CACHE = Path("~/.cache/mutoscope/compiled.bin")


def compile_regions(unet: UNet, cache: Path | None = None) -> None:
    """Let every layer be compiled when it first runs; take up what an earlier process compiled.

    Layers of equal shape share one compiled region, so that few of them have to be compiled.
    """
    saved = (cache or CACHE).expanduser()
    if saved.exists():
        cast(Any, torch.compiler).load_cache_artifacts(saved.read_bytes())
    # Each level, and each way in which guidance and reuse run it, is a shape of its own.
    torch._dynamo.config.cache_size_limit = 64
    # What cannot be compiled on some device still runs there, only slower.
    torch._dynamo.config.suppress_errors = True
    for layer in unet.layers():
        cast(Any, layer).compile(dynamic=False)
    cast(Any, unet.entry).compile(dynamic=False)


def save(cache: Path | None = None) -> None:
    """Keep what was compiled so far for the next process."""
    artifacts = cast(Any, torch.compiler).save_cache_artifacts()
    if artifacts is None:
        return
    path = (cache or CACHE).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(artifacts[0])
