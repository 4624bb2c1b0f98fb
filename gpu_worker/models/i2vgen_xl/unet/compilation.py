"""Compilation of the UNet's layers on a GPU, with artifacts that outlive the process.

Compiling for a new shape takes minutes, so its artifacts are saved after the first clip of each
shape.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from gpu_worker.models.i2vgen_xl.hardware.device import CACHE, device_name
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)

REGION_LIMIT = 256
"""How many shapes, ways of guidance and ways of reuse one region is compiled for at most."""

PROCESS_LIMIT = 100 * REGION_LIMIT
"""The same for all regions of a process; beyond it torch would run further ones uncompiled."""


class CompiledRegions:
    """Modules of one model that are compiled one by one, for each shape anew."""

    def __init__(
        self, regions: Iterable[nn.Module], folder: Path, backend: str = "inductor"
    ) -> None:
        """Let regions be compiled when they run; folder keeps the artifacts, by shape."""
        self.folder = folder
        self.ready: set[str] = set()
        settings = cast(Any, torch._dynamo.config)
        # What cannot be compiled on some device still runs there, only slower.
        settings.suppress_errors = True
        # All regions share the code of nn.Module's call, by which these two count.
        settings.recompile_limit = max(settings.recompile_limit, REGION_LIMIT)
        settings.accumulated_recompile_limit = max(
            settings.accumulated_recompile_limit, PROCESS_LIMIT
        )
        for region in regions:
            cast(Any, region).compile(dynamic=False, backend=backend, **_isolation())

    @contextmanager
    def shape(self, shape: str) -> Iterator[None]:
        """Load the artifacts of a shape before its first clip; save them after it, where new."""
        file = self.folder / f"{shape}.bin"
        if shape not in self.ready and file.exists():
            load_artifacts(file)
        yield
        if shape not in self.ready:
            self.ready.add(shape)
            if not file.exists():
                save_artifacts(file)


def shape_of(request: GenerationRequest, clips: int) -> str:
    """Return what so many clips of a request are compiled for."""
    guided = "guided" if request.guidance > 1.0 else "plain"
    size = f"{request.width}x{request.height}x{request.frames}"
    return f"{size} {request.preset.value} {guided} {clips}"


def artifacts_folder(device: torch.device) -> Path:
    """Return the folder of a device's artifacts."""
    name = f"{device_name(device)} torch {torch.__version__}".replace("/", "-")
    return CACHE.expanduser() / "compiled" / name


def load_artifacts(file: Path) -> None:
    """Load saved artifacts; delete a file that this torch cannot read."""
    try:
        loaded = cast(Any, torch.compiler).load_cache_artifacts(file.read_bytes())
    except Exception as error:  # pickled by whatever torch there was
        log.warning("%s cannot be loaded: %s", file, error)
        loaded = None
    if loaded is None:
        file.unlink(missing_ok=True)


def save_artifacts(file: Path) -> None:
    """Save what was compiled so far for the next process, where anything was."""
    artifacts = cast(Any, torch.compiler).save_cache_artifacts()
    if artifacts is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(artifacts[0])
    part.replace(file)


def _isolation() -> dict[str, Any]:
    """Return what counts each region's variants apart, where this torch can do so."""
    if "isolate_recompiles" not in signature(torch.compile).parameters:
        return {}
    return {"recompile_limit": REGION_LIMIT, "isolate_recompiles": True}
