"""How much work a model's clips are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.domain.request import GenerationRequest, Preset

WORK_PER_CREDIT = 512 * 512 * 16 * 50 * 2 / 60  # pixels x frames x passes through the full model
SHARES = {Preset.EXACT: 1.0, Preset.FAST: 0.35, Preset.DRAFT: 0.25}  # of the exact preset's work


@dataclass(frozen=True, slots=True)
class WorkModel:
    """What a model's passes cost in credits.

    factor is by how much a pass over one pixel of one frame is dearer than with the full model, for
    a clip of `usual` pixels x frames; the work of others grows with their size to the power of
    `growth`. shares is what each preset takes of the exact one's work. end_factor is by how much a
    clip is dearer that ends with a picture of its own.
    """

    factor: float = 1.0
    growth: float = 1.0
    usual: int = 1
    shares: Mapping[Preset, float] = field(default_factory=lambda: SHARES)
    end_factor: float = 1.0

    def credits(self, request: GenerationRequest, size: int, preset: Preset) -> float:
        """Return what the passes of a clip cost, of which size pixels x frames are denoised."""
        share = self.shares.get(preset, SHARES[preset])  # orders outlive a row's presets
        passes = request.steps * (2 if request.guidance > 1.0 else 1) * share
        grown: float = (size / self.usual) ** (self.growth - 1.0)
        factor = self.factor * (self.end_factor if request.end_picture else 1.0)
        return factor * size * passes * grown / WORK_PER_CREDIT
