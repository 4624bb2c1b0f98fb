"""What builds images and runs them: Docker where its engine answers, otherwise buildah."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from deploy.images.image import Image


class ToolMissing(Exception):
    """Nothing here can build images; the message says what to install."""


class BuildFailed(Exception):
    """A command of a build failed; its output was printed."""


class ContainerTool(Protocol):
    """Builds images, and gives the commands that run them on the host's network."""

    def build(self, image: Image) -> None:
        """Build an image; raise BuildFailed."""

    def run_command(self, image: Image, name: str, environ: Mapping[str, str]) -> list[str]:
        """Return the command that runs an image until it is sent SIGTERM.

        /data is a volume that all containers of this tool share; nothing else can be written but
        /tmp.
        """

    def health_command(self, image: Image, name: str) -> list[str]:
        """Return the command that runs an image's health check in its running container."""

    def written_files(self, name: str, /) -> list[str]:
        """Return what a stopped container wrote outside of its volumes."""

    def close(self) -> None:
        """Remove containers and volumes; images stay."""


def run(*command: str, environ: Mapping[str, str] | None = None) -> None:
    """Run a command that prints for itself; raise BuildFailed where it fails."""
    ended = subprocess.run(command, check=False, env={**os.environ, **(environ or {})})
    if ended.returncode:
        raise BuildFailed(f"{' '.join(command[:3])} … ended with status {ended.returncode}")


def output_of(*command: str, environ: Mapping[str, str] | None = None) -> str:
    """Return what a command prints; raise BuildFailed with its last error line where it fails."""
    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **(environ or {})}
    )
    if ended.returncode:
        raise BuildFailed(f"{' '.join(command[:3])} … failed: {ended.stderr.strip()[-500:]}")
    return ended.stdout.strip()


def succeeds(*command: str) -> bool:
    """Tell whether a command is there and ends with status 0."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def missing(*commands: str) -> list[str]:
    """Return those of the commands that are not installed."""
    return [name for name in commands if shutil.which(name) is None]


def options(flag: str, values: Sequence[str]) -> list[str]:
    """Return the flag before each of the values."""
    return [part for value in values for part in (flag, value)]


def pairs(values: Mapping[str, str]) -> list[str]:
    """Return NAME=VALUE of each."""
    return [f"{name}={value}" for name, value in values.items()]


def write_private(path: Path, text: str) -> Path:
    """Write a file that nobody else can read: an index's address may hold a password."""
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")
    return path
