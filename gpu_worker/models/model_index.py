"""What a checkpoint's model_index.json says: its pipeline's class, and its components.

Nothing here imports a framework.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gpu_worker.engine.api import NotUsable
from storage.domain.text import printable

FILE = "model_index.json"
OWN = "I2VGenXLPipeline"
"""The class whose checkpoints the project's own engine runs."""

LIBRARIES = ("diffusers", "transformers")


@dataclass(frozen=True, slots=True)
class ModelIndex:
    """The pipeline's class, and each component's library and class by its name."""

    pipeline: str = OWN
    components: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def read_index(folder: Path) -> ModelIndex:
    """Read a folder's index, I2VGen-XL's where there is none; raise NotUsable."""
    file = folder / FILE
    if not file.is_file():
        return ModelIndex()
    try:
        return _index(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise NotUsable(f"{printable(file)} cannot be used: {printable(error)[:300]}") from error


def _index(whole: Mapping[str, object]) -> ModelIndex:
    """Return what a model_index.json says; raise ValueError, TypeError or LookupError."""
    if not isinstance(whole, dict):
        raise TypeError("it holds no JSON object")
    name = whole.get("_class_name")
    if not isinstance(name, str):
        raise TypeError(f"_class_name is {name!a}, which is no class of diffusers")
    components: dict[str, tuple[str, str]] = {}
    for key, value in whole.items():
        if key.startswith("_") or not isinstance(value, list) or value[:2] == [None, None]:
            continue
        match value:
            case [str(library), str(kind)] if library in LIBRARIES:
                components[key] = (library, kind)
            case _:
                raise ValueError(
                    f"{key} is {value!a}, which is neither diffusers' nor transformers'"
                )
    return ModelIndex(name, components)
