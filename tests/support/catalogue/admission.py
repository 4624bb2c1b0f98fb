"""Admission by the project's own catalogue on a CPU, and requests that it admits."""

from __future__ import annotations

from pathlib import Path

from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from storage.catalogue_file import load_catalogue
from storage.domain.request import GenerationRequest

CATALOGUE = load_catalogue()
CATALOGUE_FILE = Path(__file__).resolve().parents[3] / "generation.yaml"
SMALLER = {
    "512p: 512\n": "512p: 128\n",
    "640p: 640\n": "640p: 144\n",
    "resolution: 512p, frames: 60, fps: 24": "resolution: 512p, frames: 16, fps: 8",
}
ADMISSION = Admission(CATALOGUE, CATALOGUE.profiles["cpu"])


def admit(options: Options, size: tuple[int, int] = (4, 3), seed: int = 7) -> GenerationRequest:
    """Return the request for a picture of this size."""
    return ADMISSION.admit(options, picture="0" * 64, size=size, seed=seed)


def small_catalogue(**changes: str) -> str:
    """Return the catalogue's text, in which the default model's clips are small and short."""
    text = CATALOGUE_FILE.read_text(encoding="utf-8")
    for old, new in {**SMALLER, **changes}.items():
        assert old in text
        text = text.replace(old, new, 1)
    return text
