"""Builds and runs images with a Docker engine, on the base that the Dockerfiles name."""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.images.container_tool import (
    BuildFailed,
    options,
    output_of,
    pairs,
    run,
    write_private,
)
from deploy.images.image import SOURCE, Image
from deploy.images.pip_settings import PipSettings


class Docker:
    """Keeps images in the engine, and the containers' data in a volume of its own."""

    def __init__(self, pip: PipSettings) -> None:
        """Prepare; folders that pip's settings name cannot be mounted into Docker's builds."""
        self._pip = pip
        self._suffix = secrets.token_hex(4)
        self._volume = f"mutoscope-{self._suffix}"
        self._containers: list[str] = []

    def build(self, image: Image) -> None:
        """Build an image; its base is pulled where it is not there."""
        text = self._pip.text
        for path, place in self._pip.mounts.items():
            print(f"pip's {path} is left out: Docker cannot mount it", file=sys.stderr)
            text = "\n".join(line for line in text.splitlines() if place not in line)
        with tempfile.TemporaryDirectory() as scratch:
            settings = write_private(Path(scratch) / "pip.conf", text)
            run(
                *("docker", "build", "--secret", f"id=pip,src={settings}"),
                *options("--build-arg", pairs(image.arguments)),
                *("--file", str(SOURCE / image.dockerfile), "--tag", image.name, str(SOURCE)),
                environ={"DOCKER_BUILDKIT": "1"},
            )

    def run_command(self, image: Image, name: str, environ: Mapping[str, str]) -> list[str]:
        """Return the command that runs an image in a new container, read-only but for its data."""
        self._containers.append(self._container(name))
        return [
            *("docker", "run", "--init", "--network", "host", "--read-only"),
            *("--tmpfs", "/tmp"),  # noqa: S108 (a file system in the container)
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--name", self._container(name), "--volume", f"{self._volume}:/data"),
            *(*options("--env", pairs(environ)), image.name, *image.command),
        ]

    def health_command(self, image: Image, name: str) -> list[str]:
        """Return the command that runs an image's health check in its running container."""
        form = '{{join .Config.Healthcheck.Test "\\n"}}'
        test = output_of("docker", "image", "inspect", "--format", form, image.name)
        kind, *command = test.split("\n")
        if kind != "CMD":
            raise BuildFailed(f"{image.name}: the health check wants a shell")
        return ["docker", "exec", self._container(name), *command]

    def written_files(self, _name: str, /) -> list[str]:
        """Return nothing: the containers are read-only."""
        return []

    def close(self) -> None:
        """Remove containers and the volume."""
        for command in (["rm", "--force", *self._containers], ["volume", "rm", self._volume]):
            subprocess.run(["docker", *command], check=False, capture_output=True)

    def _container(self, name: str) -> str:
        return f"mutoscope-{name}-{self._suffix}"
