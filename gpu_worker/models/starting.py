"""Starting: the engine's factory for a worker, whose weights are read while it still imports."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from gpu_worker.engine.api import Engine
from gpu_worker.models.i2vgen_xl.checkpoint import readahead


def create(source: str = "embedded", **arguments: Any) -> Engine:
    """Return the engine for a source, not loaded yet; arguments as registry.create takes them."""
    readahead.start(readahead.guess(source))
    # Imported only now: it takes seconds, in which the disk would have nothing to do.
    registry: Any = import_module("gpu_worker.models.registry")
    return cast(Engine, registry.create(source, **arguments))
