"""Nearest: the motion that words are nearest to, asked of the checkpoint only when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch

from gpu_worker.models.i2vgen_xl.checkpoint.wording import Wording
from storage.domain.camera.motion import Reading


def nearest_in(folder: Path) -> Callable[[str], Reading | None]:
    """Return what finds the motion nearest to words; it loads its own encoder when first asked."""

    @cache
    def wording() -> Wording | None:
        try:
            return Wording.load(folder)
        except (FileNotFoundError, KeyError):
            return None

    def nearest(prompt: str) -> Reading | None:
        known = wording()
        with torch.inference_mode(False):
            return Reading(known.nearest(prompt)[0]) if known else None

    return nearest
