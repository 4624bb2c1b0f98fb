"""Catalogue file: reads generation.yaml into the catalogue, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from storage.codec import CodecError, decode
from storage.domain.catalogue import (
    Catalogue,
    Defaults,
    Model,
    PresetRow,
    Profile,
    QuotaRow,
    Ranges,
    Span,
)
from storage.domain.request import Preset

FILE = "generation.yaml"


class CatalogueError(ValueError):
    """generation.yaml is missing or wrong; the message is for whoever runs the service."""


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read the catalogue from a file; without one from here, or from beside the package."""
    chosen = path or _find()
    try:
        return _catalogue(yaml.safe_load(chosen.read_text(encoding="utf-8")))
    except OSError as error:
        raise CatalogueError(f"{chosen} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, CodecError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CatalogueError(f"{chosen} is not a catalogue: {error!r}") from error


def _find() -> Path:
    package = Path(__file__).parent
    places = (Path.cwd() / FILE, package.parent / FILE, package / FILE)
    return next((place for place in places if place.is_file()), places[0])


def _catalogue(data: Mapping[str, Any]) -> Catalogue:
    catalogue = Catalogue(
        default_model=str(data["default_model"]),
        models={name: _model(name, row) for name, row in data["models"].items()},
        profiles={
            name: decode(Profile, {"name": name, **row}) for name, row in data["profiles"].items()
        },
        presets={Preset(name): _preset(row) for name, row in data["presets"].items()},
        quota=decode(QuotaRow, data["quota"]),
    )
    catalogue.model()
    return catalogue


def _model(name: str, row: Mapping[str, Any]) -> Model:
    model = Model(
        name=name,
        source=str(row["source"]),
        revision=int(row["revision"]),
        licence=str(row["licence"]),
        multiple=int(row["multiple"]),
        resolutions={str(key): int(side) for key, side in row["resolutions"].items()},
        aspects=tuple(_aspect(text) for text in row["aspects"]),
        defaults=decode(Defaults, row["defaults"]),
        limits=_ranges(row["limits"]),
        recommended=_ranges(row["recommended"]),
    )
    if model.defaults.resolution not in model.resolutions:
        raise ValueError(f"{name}: the default resolution is not among the resolutions")
    return model


def _aspect(text: str) -> tuple[int, int]:
    wide, high = text.split(":")
    return int(wide), int(high)


def _ranges(row: Mapping[str, Any]) -> Ranges:
    return Ranges(**{name: _span(pair) for name, pair in row.items()})


def _span(pair: list[float]) -> Span:
    low, high = pair
    if not low <= high:
        raise ValueError(f"[{low}, {high}] is not a range")
    return Span(low=low, high=high)


def _preset(row: Mapping[str, Any]) -> PresetRow:
    return PresetRow(
        scheduler=str(row["scheduler"]),
        steps=float(row["steps"]),
        guidance=_span(row["guidance"]),
        reuse=int(row["reuse"]),
    )
