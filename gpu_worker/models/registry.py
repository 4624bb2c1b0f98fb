"""The factory of engines: from the catalogue's source of a model to one that is not loaded yet."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from gpu_worker.engine.api import Engine
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from gpu_worker.models.i2vgen_xl.checkpoint.readahead import start_readahead


def create(source: str = "embedded", **options: Any) -> Engine:
    """Return the engine for a source: `embedded`, a hub id, or a checkpoint's folder.

    Its weights are read ahead while torch is imported; options are those of the engine's module.
    Raise FileNotFoundError where there is no checkpoint.
    """
    folder = locate(source)
    start_readahead(folder)
    # Imported only now: it takes seconds, in which the disk would have nothing to do.
    engine: Any = import_module("gpu_worker.models.i2vgen_xl.engine")
    return cast(Engine, engine.I2VGenXL(str(folder), **{"name": source, **options}))
