"""Compilation of the UNet's layers on a GPU, with artifacts that outlive the process.

Compiling for a new shape takes minutes. A shape that is asked for the first time on a kind of GPU
therefore runs uncompiled; when it comes again it is compiled, and its artifacts are saved.

Nothing stops the compiler within one region. A cancel is obeyed between two, so that the engine
lives on with what is compiled by then, and the next clip of the shape goes on from there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from inspect import signature
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from gpu_worker.models.i2vgen_xl.hardware.device import CACHE, device_name
from gpu_worker.models.i2vgen_xl.hardware.measurement_cache import write_whole
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)

REGION_LIMIT = 256
"""How many shapes, ways of guidance and ways of reuse one region is compiled for at most."""

PROCESS_LIMIT = 100 * REGION_LIMIT
"""The same for all regions of a process; beyond it torch would run further ones uncompiled."""


class CompiledRegions:
    """Modules of one model that are compiled one by one, for each shape anew."""

    def __init__(
        self,
        regions: Iterable[nn.Module],
        folder: Path,
        backend: str = "inductor",
        *,
        at_once: bool = False,
    ) -> None:
        """Let regions be compiled when they run; folder keeps the artifacts, by shape.

        at_once compiles for a shape as soon as it comes.
        """
        self.folder = folder
        self.ready: set[str] = set()
        self._at_once = at_once
        self._asked: set[str] = set()
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
    def shape(self, shape: str, on_compile: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Let a clip of a shape run: uncompiled at first, compiled when the shape comes again.

        Artifacts are loaded before the shape's first clip, and saved after its first compiled one.
        on_compile is called whenever a region begins to be compiled; it must not raise.
        """
        with _calling(on_compile), self._of(shape):
            yield

    @contextmanager
    def _of(self, shape: str) -> Iterator[None]:
        if shape in self.ready:
            yield
            return
        file = self.folder / f"{shape}.bin"
        if file.exists():
            load_artifacts(file)
        elif not self._at_once and not self._asked_before(shape):
            with torch.compiler.set_stance("force_eager"):
                yield
            return
        yield
        self.ready.add(shape)
        if not file.exists():
            save_artifacts(file)

    def _asked_before(self, shape: str) -> bool:
        """Note that a shape is asked for; tell whether it was before, by any process."""
        file = self.folder / f"{shape}.asked"
        known = shape in self._asked or file.exists()
        self._asked.add(shape)
        if not known:
            with suppress(OSError):  # this process knows it
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
        return known


@contextmanager
def _calling(on_compile: Callable[[], None]) -> Iterator[None]:
    """Call a function at every compilation's start."""
    handler = cast(Any, torch._dynamo).callback_handler

    def started(_args: object) -> None:
        on_compile()

    handler.register_start_callback(started)
    try:
        yield
    finally:
        handler.remove_start_callback(started)


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
        with suppress(OSError):
            file.unlink(missing_ok=True)


def save_artifacts(file: Path) -> None:
    """Save what was compiled so far for the next process, where anything was.

    A file that cannot be written is logged: the next process compiles again.
    """
    artifacts = cast(Any, torch.compiler).save_cache_artifacts()
    if artifacts is None:
        return
    try:
        write_whole(file, artifacts[0])
    except OSError as error:
        log.warning("what was compiled cannot be kept: %s", error)


def _isolation() -> dict[str, Any]:
    """Return what counts each region's variants apart, where this torch can do so."""
    if "isolate_recompiles" not in signature(torch.compile).parameters:
        return {}
    return {"recompile_limit": REGION_LIMIT, "isolate_recompiles": True}
