"""Read generation.yaml into the catalogue, or say in one line which of its places is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from storage.codec import CodecError
from storage.domain.catalogue import Catalogue, Model, PresetRow
from storage.domain.models.capability import Capability
from storage.domain.models.pipeline_row import DTYPES, PARAMETERS
from storage.domain.request import Preset
from storage.yaml_file import find_file, read_yaml

FILE = "generation.yaml"


class CatalogueError(ValueError):
    """generation.yaml is missing or wrong; the message is for whoever runs the service."""


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read the catalogue from a file; without one from here, or from beside the package."""
    chosen = path or find_file(FILE, Path(__file__).parent)
    return read_yaml(chosen, Catalogue, _expanded, _check_references, CatalogueError)


def _expanded(value: Any, *place: str) -> Any:
    """Write out the file's short forms: rows take their key as name, [low, high], "4:3"."""
    if place[-1:] == ("aspects",) and isinstance(value, list):
        return [_aspect(item, f"{'.'.join(place)}.{index}") for index, item in enumerate(value)]
    of_preset = place[-3:-2] == ("presets",) and place[-1] == "guidance"
    if of_preset or place[-2:-1] in (("limits",), ("recommended",)):
        return _span(value, ".".join(place))
    if not isinstance(value, dict):
        return str(value) if isinstance(value, date) else value
    whole = {key: _expanded(part, *place, str(key)) for key, part in value.items()}
    named = len(place) == 2 and place[0] in ("models", "profiles")
    if named and "name" in whole:
        raise CodecError(f"{'.'.join(place)}.name: unknown")
    return whole | {"name": place[-1]} if named else whole


def _span(value: Any, place: str) -> dict[str, float]:
    match value:
        case [int() | float() as low, int() | float() as high] if low <= high:
            return {"low": low, "high": high}
    raise CodecError(f"{place}: a range [low, high] was expected, not {value!r}")


def _aspect(value: Any, place: str) -> list[int]:
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", value):
        raise CodecError(f'{place}: "WIDTH:HEIGHT" was expected, not {value!r}')
    return [int(part) for part in value.split(":")]


def _check_references(catalogue: Catalogue) -> None:
    """Raise CodecError where a name is not defined that another place relies on."""
    if catalogue.default_model not in catalogue.models:
        raise CodecError(f"default_model: {catalogue.default_model!r} is not among the models")
    for preset in Preset:
        if preset not in catalogue.presets:
            raise CodecError(f"presets.{preset.value}: missing")
    for name, row in catalogue.models.items():
        if row.defaults.resolution not in row.resolutions:
            where = f"models.{name}.defaults.resolution"
            raise CodecError(f"{where}: {row.defaults.resolution!r} is not among the resolutions")
        _check_model(row, f"models.{name}", catalogue)
    _check_presets(catalogue.presets, "presets")


def _check_presets(presets: Mapping[Preset, PresetRow], place: str) -> None:
    """Raise CodecError where a preset's numbers are outside of what can be computed."""
    for name, row in presets.items():
        if not 0.0 <= row.rescale <= 1.0:
            raise CodecError(f"{place}.{name.value}.rescale: {row.rescale:g} is not from 0 to 1")
        if row.reuse < 1 or row.steps <= 0.0:
            raise CodecError(f"{place}.{name.value}: steps and reuse are above 0")


def _check_model(row: Model, place: str, catalogue: Catalogue) -> None:
    """Raise CodecError where a model's defaults, presets or pipeline cannot be."""
    defaults, pipeline = row.defaults, row.pipeline
    if row.frame_step < 1:
        raise CodecError(f"{place}.frame_step: {row.frame_step} is not 1 or more")
    if row.frame_count(defaults.frames) != defaults.frames:
        rule = f"a multiple of {row.frame_step}, plus one"
        raise CodecError(f"{place}.defaults.frames: {defaults.frames} is not {rule}")
    _check_presets(row.presets, f"{place}.presets")
    drafts = (Preset.DRAFT,) if Capability.CANDIDATES in row.capabilities else ()
    for preset in (defaults.preset, *drafts):
        if preset not in catalogue.presets_of(row):
            raise CodecError(f"{place}.presets.{preset.value}: missing")
    for name in pipeline.parameters:
        if name not in PARAMETERS:
            raise CodecError(f"{place}.pipeline.parameters.{name}: unknown")
    for component, name in pipeline.dtypes.items():
        if name not in DTYPES:
            known = ", ".join(DTYPES)
            raise CodecError(f"{place}.pipeline.dtypes.{component}: {name!r} is not one of {known}")
