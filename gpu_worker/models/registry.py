"""Registry: from the name of a model, a hub id or a folder to an engine that is not loaded yet."""

from __future__ import annotations

from collections.abc import Mapping

from gpu_worker.engine.api import Engine
from gpu_worker.models.i2vgen_xl import device as choosing
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL, Setup
from gpu_worker.models.i2vgen_xl.optimizations import Levers
from storage.catalogue_file import load_catalogue
from storage.domain.catalogue import PresetRow
from storage.domain.request import Preset


def create(
    source: str = "embedded",
    *,
    name: str = "",
    device: str = "auto",
    dtype: str = "auto",
    attention: str = "auto",
    levers: Levers | None = None,
    memory_gib: float = 0.0,
    judge: str = "",
    presets: Mapping[Preset, PresetRow] | None = None,
) -> Engine:
    """Return the engine for a source: `embedded`, a hub id, or a checkpoint's folder.

    name is what the engine calls itself; presets are the catalogue's unless given. memory_gib
    bounds what it may use of a device, judge is the folder of a CLIP model that chooses among
    candidates. On a GPU blocks are compiled unless levers say otherwise.
    """
    on_gpu = choosing.device(device).type == "cuda"
    setup = Setup(
        device=device,
        dtype=dtype,
        attention=attention,
        levers=levers or Levers(compiled=on_gpu),
        memory_gib=memory_gib,
        judge=judge,
    )
    rows = presets if presets is not None else load_catalogue().presets
    return I2VGenXL(source, name or source, rows, setup)
