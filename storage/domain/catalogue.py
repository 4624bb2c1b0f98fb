"""The catalogue of models, limits, defaults, presets, hardware profiles and quota.

storage.catalogue_file reads it from generation.yaml; bot.studio.orders.admission checks orders by
it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from storage.domain.errors import BadRequest
from storage.domain.models.capability import USUAL, Capability
from storage.domain.models.defaults import Defaults, Denoising
from storage.domain.models.pipeline_row import PipelineRow
from storage.domain.models.ranges import Ranges, Span
from storage.domain.models.sampling import Scheduler, Spacing
from storage.domain.models.served_model import ServedModel
from storage.domain.models.work import SHARES, WorkModel
from storage.domain.request import DenoisedShape, GenerationRequest, Preset

HUB_ID = re.compile(r"(?P<repository>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[\w./-]+))?", re.ASCII)
"""A source on the Hugging Face hub: `owner/name`, or `owner/name@revision`."""
SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
"""A clip's size in pixels, as Details shows it."""
DRAFT_SIDE = 256
"""The side of the square with the area of a rendered draft, in pixels."""
ALWAYS = Span(0.0, 1.0)
"""The share of the steps on which guidance acts."""
ANY_PIXELS = 4096 * 4096


@dataclass(frozen=True, slots=True)
class PresetRow:
    """How one preset samples; see generation.yaml."""

    scheduler: Scheduler = Scheduler.OWN
    spacing: Spacing = Spacing.OWN
    steps: float = 1.0
    guidance: Span = ALWAYS
    reuse: int = 1
    rescale: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """One model's row; another revision makes other clips of the same request.

    cost is by how much a pass over one pixel of one frame is dearer than with the full model, in a
    default clip; the work of others grows with their size to the power of growth. presets are the
    model's own, none for the catalogue's. A clip has a multiple of frame_step frames, and one more.
    end_cost is by how much a clip is dearer that ends with a picture of its own.
    memory_gib is the device's memory in which every clip within the limits can be made; 0 leaves
    it to the hardware's profile what can.

    Without denoising, a model denoises every frame of a clip at the clip's own size. moves_subjects
    tells whether anything in the picture moves by itself, or the camera alone. languages are those
    of the prompts that it reads. depth_model names what tells how near things are, where the
    operator has it. pipeline is for a model that runs as a pipeline of diffusers. on_demand tells
    whether workers are started for its orders, so that none has to be alive.
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
    growth: float = 1.0
    end_cost: float = 1.0
    denoising: Denoising | None = None
    moves_subjects: bool = True
    depth_model: str = ""
    frame_step: int = 1
    memory_gib: float = 0.0
    languages: tuple[str, ...] = ("en", "zh")
    capabilities: tuple[Capability, ...] = USUAL
    presets: Mapping[Preset, PresetRow] = field(default_factory=dict)
    pipeline: PipelineRow = field(default_factory=PipelineRow)
    on_demand: bool = False

    @property
    def sources(self) -> tuple[str, str]:
        """Return the source as it is written, and without the revision that it may have."""
        return self.source, self.source.partition("@")[0]

    def is_made_by(self, worker: ServedModel) -> bool:
        """Tell whether what such a worker makes are this row's clips.

        The weights in a folder are the row's, because its operator says so; those of another hub id
        or of another revision are not.
        """
        same = worker.source == self.source or not HUB_ID.fullmatch(worker.source)
        return same and worker.revision == self.revision

    @property
    def work(self) -> WorkModel:
        """Return how much work the model's clips are."""
        usual = self.resolutions[self.defaults.resolution] ** 2 * self.defaults.frames
        shares = {preset: row.steps for preset, row in self.presets.items()} or SHARES
        return WorkModel(self.cost, self.growth, usual, shares, self.end_cost)

    def frame_count(self, frames: int) -> int:
        """Return the number of frames nearest to this one that the model can make."""
        steps = (frames - 1 + self.frame_step // 2) // self.frame_step
        return steps * self.frame_step + 1

    def frame_counts(self, span: Span) -> Span:
        """Return the least and the largest number of frames in a range that it can make."""
        step = self.frame_step
        return Span(-((1 - span.low) // step) * step + 1, (span.high - 1) // step * step + 1)

    def on(self, hardware: Profile) -> Profile:
        """Return what the hardware bounds for this model."""
        if not 0 < self.memory_gib <= hardware.memory_gib:
            return hardware
        frames, steps = int(self.limits.frames.high), int(self.limits.steps.high)
        return replace(hardware, pixels=ANY_PIXELS, frames=frames, steps=steps)

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

    def resolution_named(self, text: str) -> str:
        """Return the name of the resolution that has clips of the size in this text, else the text.

        A size is written as 640x368; each name is one already.
        """
        if not (found := SIZE.fullmatch(text)):
            return text
        size = (int(found[1]), int(found[2]))
        return next((name for name in self.resolutions if self.size(name, size) == size), text)

    def makes(self, width: int, height: int) -> bool:
        """Tell whether any of the model's clips have this size."""
        size = (width, height)
        return any(self.size(name, size) == size for name in self.resolutions)

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
class QuotaRow:
    """The limits of each person; None: no limit of a month."""

    credits_per_day: int
    unfinished_jobs: int
    credits_per_month: int | None = None


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

    def work(self, model: str) -> WorkModel:
        """Return how much work a model's clips are; the full model's for one that is gone."""
        return self.models[model].work if model in self.models else WorkModel()

    def presets_of(self, model: Model) -> Mapping[Preset, PresetRow]:
        """Return the presets that a model has."""
        return model.presets or self.presets


def _log_ratio(first: float, second: float) -> float:
    """Return by how much two ratios differ, the same either way round (0: not at all)."""
    return max(first / second, second / first) - 1.0
