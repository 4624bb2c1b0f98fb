"""Rows of models that a catalogue may have, beside those that it ships with."""

from __future__ import annotations

from dataclasses import replace

from storage.domain.catalogue import Catalogue, Model, PresetRow
from storage.domain.models.capability import Capability
from storage.domain.models.ranges import Span
from storage.domain.request import Preset
from tests.support.catalogue.admission import CATALOGUE, CATALOGUE_FILE

FULL = CATALOGUE.models["i2vgen-xl"]

SILENT = replace(
    FULL,
    name="silent",
    capabilities=(Capability.GUIDANCE,),
    defaults=replace(FULL.defaults, camera_strength=0.0, guidance=3.0),
)
"""A model that reads no prompt and follows no camera."""

ENGLISH = replace(
    FULL,
    name="english",
    multiple=32,
    frame_step=8,
    memory_gib=12,
    languages=("en",),
    capabilities=(Capability.PROMPT, Capability.NEGATIVE_PROMPT),
    presets={Preset.EXACT: PresetRow(), Preset.DRAFT: PresetRow(steps=0.5)},
    defaults=replace(FULL.defaults, guidance=1.0, frames=121, steps=40, camera_strength=0.0),
    limits=replace(FULL.limits, frames=Span(9, 124), guidance=Span(1, 1)),
    recommended=replace(FULL.recommended, frames=Span(41, 121), guidance=Span(1, 1)),
)
"""A model that reads English alone, and makes 8n + 1 frames."""

SILENT_YAML = """
  silent:
    source: nobody/silent
    revision: 1
    licence: none
    multiple: 64
    resolutions: {256p: 256}
    aspects: ["16:9"]
    capabilities: [guidance]
    defaults: {resolution: 256p, frames: 16, fps: 8, steps: 25, guidance: 3.0, preset: exact}
    limits: {frames: [8, 25], fps: [4, 24], steps: [10, 50], guidance: [1.0, 5.0]}
    recommended: {frames: [14, 25], fps: [6, 8], steps: [20, 30], guidance: [2.0, 3.0]}
"""


def with_rows(*rows: Model) -> Catalogue:
    """Return the catalogue with more models."""
    return replace(CATALOGUE, models={**CATALOGUE.models, **{row.name: row for row in rows}})


def with_yaml(rows: str, default: str = "embedded") -> str:
    """Return the catalogue's text with more models, one of which is the default."""
    text = CATALOGUE_FILE.read_text(encoding="utf-8")
    text = text.replace("default_model: embedded", f"default_model: {default}")
    return text.replace("\nmodels:\n", f"\nmodels:{rows}", 1)
