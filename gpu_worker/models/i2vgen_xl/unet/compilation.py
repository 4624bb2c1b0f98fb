"""Compiling: blocks compiled by region on a GPU, with a cache that outlives the process.

Compiling for a new shape takes minutes, so what was compiled is kept after the first clip of each
shape. Regions may also be patient: they run a shape as it is when it comes for the first time. That
clip is rounded differently from later ones, so a worker, which owes equal bytes, is not.
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

from storage.domain.request import GenerationRequest

LOG = logging.getLogger(__name__)
CACHE = Path("~/.cache/mutoscope/compiled")
VARIANTS = 256
"""How many shapes, ways of guidance and ways of reuse one region is compiled for at most."""

TOGETHER = 100 * VARIANTS
"""The same for all regions of a process; beyond it nothing would be compiled any more."""


class Regions:
    """The regions of one model that are compiled; patient, they wait for a shape to come twice."""

    def __init__(
        self,
        regions: Iterable[nn.Module],
        folder: Path,
        patient: bool = False,
        backend: str = "inductor",
    ) -> None:
        """Let regions be compiled when they run; folder keeps what was compiled, by shape."""
        self.folder = folder
        self.patient = patient
        self.seen: set[str] = set()
        self.ready: set[str] = set()
        settings = cast(Any, torch._dynamo.config)
        # What cannot be compiled on some device still runs there, only slower.
        settings.suppress_errors = True
        # All regions share the code of nn.Module's call, by which these two count.
        settings.recompile_limit = max(settings.recompile_limit, VARIANTS)
        settings.accumulated_recompile_limit = max(settings.accumulated_recompile_limit, TOGETHER)
        for region in regions:
            cast(Any, region).compile(dynamic=False, backend=backend, **_apart())

    @contextmanager
    def running(self, shape: str) -> Iterator[None]:
        """Run a clip of a shape; keep what was compiled for it as soon as it is done."""
        file = self._file(shape)
        if shape not in self.ready and not self._wanted(shape, file):
            with torch.compiler.set_stance("force_eager"):
                yield
            return
        yield
        if shape not in self.ready:
            self.ready.add(shape)
            if not file.exists():
                save(file)

    def _file(self, shape: str) -> Path:
        return self.folder / f"{shape}.bin"

    def _wanted(self, shape: str, file: Path) -> bool:
        """Tell whether a shape is compiled now; take up what an earlier process kept of it."""
        if file.exists():
            load(file)
            return True
        again = shape in self.seen
        self.seen.add(shape)
        return again or not self.patient


def shape_of(request: GenerationRequest, clips: int) -> str:
    """Return what so many clips of a request are compiled for."""
    guided = "guided" if request.guidance > 1.0 else "plain"
    size = f"{request.width}x{request.height}x{request.frames}"
    return f"{size} {request.preset.value} {guided} {clips}"


def _apart() -> dict[str, Any]:
    """Return what keeps the regions' variants apart, where this torch can do so."""
    if "isolate_recompiles" not in signature(torch.compile).parameters:
        return {}
    return {"recompile_limit": VARIANTS, "isolate_recompiles": True}


def folder_of(device: torch.device) -> Path:
    """Return where compiled regions of a device are kept."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return CACHE.expanduser() / f"{name} torch {torch.__version__}".replace("/", "-")


def load(file: Path) -> None:
    """Take up what was kept; a spoiled file is as good as none."""
    try:
        cast(Any, torch.compiler).load_cache_artifacts(file.read_bytes())
    except Exception as error:  # pickled by whatever torch there was
        LOG.warning("%s cannot be taken up: %s", file, error)
        file.unlink(missing_ok=True)


def save(file: Path) -> None:
    """Keep what was compiled so far for the next process, where anything was."""
    artifacts = cast(Any, torch.compiler).save_cache_artifacts()
    if artifacts is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(artifacts[0])
    part.replace(file)
