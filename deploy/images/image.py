"""The images that are built, by what tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).parents[2]
"""The checkout that the images are built from."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image's name, its Dockerfile below the checkout, and the build's arguments.

    command is what it runs, empty for what the Dockerfile says.
    """

    name: str
    dockerfile: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()


BOT = Image("mutoscope-bot", "deploy/Dockerfile.bot")
WEB = Image(
    "mutoscope-web",
    "deploy/Dockerfile.bot",
    {"EXTRAS": "postgres,filter,web"},
    ("mutoscope", "web", "--page-only"),
)
CPU_WORKER = Image("mutoscope-worker:cpu", "deploy/Dockerfile.worker", {"EXTRAS": "worker"})
