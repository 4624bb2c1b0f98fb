"""Where a text-to-image pipeline's files are, and whether they may be what they should be."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import safe_open

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint.hub import named_errors
from gpu_worker.models.i2vgen_xl.checkpoint.named_errors import naming
from gpu_worker.models.i2vgen_xl.checkpoint.weight_files import check_whole
from storage.domain.catalogue import HUB_ID
from storage.domain.text import printable

INDEX = "model_index.json"


def local_folder(source: str) -> Path | None:
    """Return the folder of a path, None for a hub id."""
    folder = Path(source).expanduser()
    return folder if folder.exists() or not HUB_ID.fullmatch(source) else None


def locate(source: str) -> Path:
    """Return the folder of a path or of a hub id, fetched where needed.

    Raise NotUsable, or NotUsableYet where another try may succeed.
    """
    folder, named = local_folder(source), HUB_ID.fullmatch(source)
    if folder is not None or named is None:
        return Path(source).expanduser()
    from diffusers.pipelines.pipeline_utils import (  # noqa: PLC0415  # slow, and seldom used
        DiffusionPipeline,
    )

    repository, revision = named["repository"], named["revision"]
    with named_errors(repository, revision):
        # Weights that are no safetensors can run code when they are read.
        found = DiffusionPipeline.download(repository, revision=revision, use_safetensors=True)
        return Path(str(found))


def check(folder: Path) -> None:
    """Raise NotUsable, which names the file, where a pipeline's files are evidently damaged."""
    index = folder / INDEX
    with naming(index):
        name = json.loads(index.read_text())["_class_name"]
        if not isinstance(name, str):
            raise NotUsable(f"{printable(index)} cannot be used: _class_name is no name")
    weights = sorted(folder.glob("*/*.safetensors"))
    if not weights:
        raise NotUsable(f"{printable(folder)} holds no weights: there is no */*.safetensors")
    for file in weights:
        check_whole(file)
        with naming(file), safe_open(file, framework="pt"):  # reads the header alone
            pass
