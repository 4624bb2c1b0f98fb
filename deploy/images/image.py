"""The images that are built, by what tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).parents[2]
"""The checkout that the images are built from."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image's name, its Dockerfile below the checkout, and the build's arguments."""

    name: str
    dockerfile: str
    arguments: Mapping[str, str] = field(default_factory=dict)


BOT = Image("mutoscope-bot", "deploy/Dockerfile.bot")
CPU_WORKER = Image("mutoscope-worker:cpu", "deploy/Dockerfile.worker", {"EXTRAS": "worker"})
