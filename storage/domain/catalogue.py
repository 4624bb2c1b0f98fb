"""The catalogue of models, limits, defaults, presets, hardware profiles and quota.

storage.catalogue_file reads it from generation.yaml; bot.studio.admission checks orders against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from storage.domain.errors import BadRequest
from storage.domain.request import DenoisedShape, GenerationRequest, Preset

HUB_ID = re.compile(r"(?P<repository>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[\w./-]+))?", re.ASCII)
"""A source on the Hugging Face hub: `owner/name`, or `owner/name@revision`."""
DRAFT_SIDE = 256
"""The side of the square with the area of a rendered draft, in pixels."""


@dataclass(frozen=True, slots=True)
class Span:
    """A closed range of numbers."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        """Tell whether the value is within the range, ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Ranges:
    """The ranges of the numbers that a person may set."""

    frames: Span
    fps: Span
    steps: Span
    guidance: Span


@dataclass(frozen=True, slots=True)
class Defaults:
    """The values of options that are left out.

    The camera's strength is camera_strength for a motion that somebody names, by the prompt or by
    an option, and camera_strength_unnamed for the drift of an order that names none.
    """

    resolution: str
    frames: int
    fps: int
    steps: int
    guidance: float
    preset: Preset
    camera_strength: float
    camera_strength_unnamed: float

    @property
    def strength(self) -> float | None:
        """The default of the option strength; None where it depends on the rest of the order."""
        same = self.camera_strength == self.camera_strength_unnamed
        return self.camera_strength if same else None


@dataclass(frozen=True, slots=True)
class Denoising:
    """The size at which a model denoises, where its clips are rendered at another one.

    side is that of the square with the same area, in pixels; frames is for how many moments of a
    clip there is an answer.
    """

    side: int
    frames: int


@dataclass(frozen=True, slots=True)
class Model:
    """One model's row; another revision makes other clips of the same request.

    cost is by how much a pass over one pixel of one frame is dearer than with the full model.
    Without denoising, a model denoises every frame of a clip at the clip's own size. moves_subjects
    tells whether anything in the picture moves by itself, or the camera alone. depth_model names
    what tells how near things are, where the operator has it.
    """

    name: str
    source: str
    revision: int
    licence: str
    multiple: int
    resolutions: Mapping[str, int]
    aspects: tuple[tuple[int, int], ...]
    defaults: Defaults
    limits: Ranges
    recommended: Ranges
    cost: float = 1.0
    denoising: Denoising | None = None
    moves_subjects: bool = True
    depth_model: str = ""

    @property
    def sources(self) -> tuple[str, str]:
        """Return the source as it is written, and without the revision that it may have."""
        return self.source, self.source.partition("@")[0]

    def size(self, resolution: str, picture: tuple[int, int]) -> tuple[int, int]:
        """Return the clip's width and height: the resolution's area at the nearest aspect.

        picture is (width, height) in pixels, any orientation applied.
        """
        if resolution not in self.resolutions:
            raise BadRequest("request_resolution", names=", ".join(self.resolutions))
        side, ratio = self.resolutions[resolution], picture[0] / picture[1]
        wide, high = min(
            self.aspects, key=lambda aspect: abs(_log_ratio(aspect[0] / aspect[1], ratio))
        )
        return self._sides(side, wide / high)

    def denoised(self, width: int, height: int, frames: int) -> DenoisedShape | None:
        """Return what is denoised for a clip of this shape; None where that is the clip itself."""
        if self.denoising is None:
            return None
        small = self._sides(self.denoising.side, width / height)
        return DenoisedShape(*small, min(frames, self.denoising.frames))

    def draft_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size of a candidate's draft, for a clip of this size.

        Where clips are rendered, a draft is the whole clip at a small size; any other model
        denoises it at half of each side.
        """
        if self.denoising is None:
            return self._snap(width / 2), self._snap(height / 2)
        side = min(DRAFT_SIDE, (width * height) ** 0.5)
        return self._sides(side, width / height)

    def without_rendering(self) -> Model:
        """Return the row of a model that makes only what this one denoises, at its own pace."""
        if self.denoising is None:
            return self
        side, frames = self.denoising.side, self.denoising.frames
        pace = max(1, round(self.defaults.fps * frames / self.defaults.frames))
        return replace(
            self,
            resolutions={self.defaults.resolution: side},
            defaults=replace(self.defaults, frames=frames, fps=pace),
            denoising=None,
        )

    def request(self, size: tuple[int, int], **fields: Any) -> GenerationRequest:
        """Return a request for a clip of this (width, height), by the defaults for the rest."""
        names = ("frames", "fps", "steps", "guidance", "preset")
        defaults = {name: getattr(self.defaults, name) for name in names}
        width, height = size
        own = {"model": self.name, "width": width, "height": height}
        request = GenerationRequest(**{**own, **defaults, **fields})
        shape = self.denoised(width, height, request.frames)
        return replace(request, denoised=shape, depth_model=self.depth_model)

    def resolution_of(self, width: int, height: int) -> str:
        """Return the name of the resolution whose area is nearest to this size."""
        area = width * height
        return min(self.resolutions, key=lambda name: abs(self.resolutions[name] ** 2 - area))

    def default_strength(self, named: bool) -> float:
        """Return the camera's strength for an order that gives none."""
        defaults = self.defaults
        return defaults.camera_strength if named else defaults.camera_strength_unnamed

    def _sides(self, side: int, aspect: float) -> tuple[int, int]:
        """Return a size of a square's area with an aspect (width/height)."""
        width = side * aspect**0.5
        return self._snap(width), self._snap(width / aspect)

    def _snap(self, length: float) -> int:
        return max(1, round(length / self.multiple)) * self.multiple


@dataclass(frozen=True, slots=True)
class Profile:
    """The limits of one kind of hardware; pixels is the largest width x height."""

    name: str
    memory_gib: float
    pixels: int
    frames: int
    steps: int


@dataclass(frozen=True, slots=True)
class PresetRow:
    """How one preset samples; see generation.yaml."""

    scheduler: str
    steps: float
    guidance: Span
    reuse: int


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """The limits of each person."""

    credits_per_day: int
    unfinished_jobs: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The content of generation.yaml."""

    default_model: str
    models: Mapping[str, Model]
    profiles: Mapping[str, Profile]
    presets: Mapping[Preset, PresetRow]
    quota: QuotaRow

    def model(self, name: str = "") -> Model:
        """Return a model's row, the default's for an empty name."""
        row = self.models.get(name or self.default_model)
        if row is None:
            raise BadRequest("request_model", names=", ".join(self.models))
        return row

    def name_of(self, text: str) -> str | None:
        """Return the name of the row that has this name, or else this source; None without any.

        The revision of a source on the hub may be left out.
        """
        rows = self.models.values()
        return (
            text
            if text in self.models
            else next((row.name for row in rows if text in row.sources), None)
        )

    def cost(self, model: str) -> float:
        """Return a model's factor of costs, that of the full model for one that is gone."""
        return self.models[model].cost if model in self.models else 1.0


def _log_ratio(first: float, second: float) -> float:
    """Return by how much two ratios differ, the same either way round (0: not at all)."""
    return max(first / second, second / first) - 1.0
