"""The factory of engines: from the catalogue's source of a model to one that is not loaded yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from gpu_worker.engine.api import Engine, NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from gpu_worker.models.i2vgen_xl.checkpoint.readahead import start_readahead
from gpu_worker.models.model_index import OWN, read_index
from storage.domain.catalogue import Model, Profile

PIPELINE_OPTIONS = ("device", "dtype", "memory_gib", "presets")
"""What any pipeline of diffusers takes of an engine's options."""


def create(
    source: str = "embedded",
    on_bytes: Callable[[int, int], None] = lambda _done, _total: None,
    row: Model | None = None,
    *,
    picture_model: str = "",
    profiles: Mapping[str, Profile] | None = None,
    profile: str = "",
    **options: Any,
) -> Engine:
    """Return the engine for a source: `embedded`, a hub id, or a checkpoint's folder.

    The folder's model_index.json decides which; row is the model's in the catalogue, without which
    only I2VGen-XL's classes can run. Weights are read ahead while torch is imported; options are
    those of I2VGen-XL's engine, of which others use what they have. picture_model is the hub id or
    folder of a model that makes pictures from text, empty for none. profiles are the catalogue's
    of hardware, profile is the operator's, empty for none: where profiles are given, the log says
    what the device is and as which it is used. on_bytes hears how many bytes of a download are
    there, and of how many. Raise NotUsable where there is no checkpoint,
    NotUsableYet where it may be had later.
    """
    # Read when torch first uses a GPU: blocks of one size can then serve a clip of another.
    os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    engine = _video_engine(source, on_bytes, row, options)
    if profiles is not None:
        found: Any = import_module("gpu_worker.models.i2vgen_xl.hardware.device_profile")
        found.report_device(engine.device, profiles, profile, options.get("dtype", "auto"))
    if not picture_model:
        return engine
    pictures: Any = import_module("gpu_worker.models.text_to_image.engine")
    dtype = options.get("dtype", "auto")
    return cast(Engine, pictures.TextToImageEngine(engine, picture_model, dtype))


def _video_engine(
    source: str,
    on_bytes: Callable[[int, int], None],
    row: Model | None,
    options: Mapping[str, Any],
) -> Engine:
    folder = locate(source, on_bytes)
    start_readahead(folder)
    index = read_index(folder)
    if index.pipeline == OWN:
        # Imported only now: it takes seconds, in which the disk would have nothing to do.
        engine: Any = import_module("gpu_worker.models.i2vgen_xl.engine")
        return cast(Engine, engine.I2VGenXL(str(folder), **{"name": source, **options}))
    if row is None:
        raise NotUsable(f"{index.pipeline} needs a row of the catalogue")
    engine = import_module("gpu_worker.models.diffusers_pipeline.engine")
    used = {name: options[name] for name in PIPELINE_OPTIONS if name in options}
    return cast(Engine, engine.DiffusersPipeline(folder, row, **used))
