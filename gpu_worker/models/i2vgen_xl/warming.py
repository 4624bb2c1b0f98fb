"""Warming: the smallest clip that runs every part of an engine once."""

from __future__ import annotations

import numpy as np

from gpu_worker.media.picture import Canvas
from storage.domain.request import GenerationRequest


def smallest(model: str, side: int) -> tuple[GenerationRequest, Canvas]:
    """Return a request of two guided steps over a grey picture of `side` pixels."""
    request = GenerationRequest(
        picture="warm-up",
        prompt="hold still",
        model=model,
        width=side,
        height=side,
        frames=8,
        fps=8,
        steps=2,
        guidance=2.0,
        seed=0,
    )
    grey = np.full((side, side, 3), 128, np.uint8)
    return request, Canvas(grey, (0.0, 0.0, float(side), float(side)), (side, side))
