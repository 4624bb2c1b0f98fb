"""Sample pictures, where they are installed beside the bot."""

from __future__ import annotations

from importlib import resources

SAMPLES = ("chelsea.jpg", "astronaut.jpg", "coffee.jpg")
PACKAGE = "deploy.local"
"""Read by name: the bot does not import deploy."""


def read_sample(name: str) -> bytes | None:
    """Return a sample picture, None where it is not installed."""
    try:
        return (resources.files(PACKAGE) / "samples" / name).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        return None
