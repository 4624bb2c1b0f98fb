"""Admission by the project's own catalogue on a CPU, and requests that it admits."""

from __future__ import annotations

from bot.studio.admission import Admission
from bot.studio.options import Options
from storage.catalogue_file import load_catalogue
from storage.domain.request import GenerationRequest

CATALOGUE = load_catalogue()
ADMISSION = Admission(CATALOGUE, CATALOGUE.profiles["cpu"])


def admit(options: Options, size: tuple[int, int] = (4, 3), seed: int = 7) -> GenerationRequest:
    """Return the request for a picture of this size."""
    return ADMISSION.admit(options, picture="0" * 64, size=size, seed=seed)
