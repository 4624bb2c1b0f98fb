"""Builds and runs images with buildah, which needs no engine, on a base made by debootstrap."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.images.container_tool import (
    BuildFailed,
    ToolMissing,
    missing,
    options,
    output_of,
    pairs,
    run,
    succeeds,
    write_private,
)
from deploy.images.image import SOURCE, Image
from deploy.images.pip_settings import PipSettings

BASE = "docker.io/library/debian:bookworm-slim"  # by which the Dockerfiles call it
RELEASE = "bookworm"
UNPRIVILEGED = 10001  # the user of the images
ENVIRON = {"BUILDAH_ISOLATION": "chroot"}  # the one that works inside of a container too
NOT_WRITTEN = ("proc", "sys", "dev", "run", "tmp", "data")
"""Folders that are mounted in a container, or may be written in it."""

HOW_TO = (
    "no image can be built: there is no Docker engine that answers, and {what}.\n"
    "Install Docker, or as root on Debian: apt-get install buildah debootstrap"
)


class Buildah:
    """Keeps images, containers and the volume below one folder."""

    def __init__(self, folder: Path, pip: PipSettings) -> None:
        """Raise ToolMissing where buildah cannot work here."""
        absent = missing("buildah", "debootstrap")
        if absent or os.geteuid():
            what = f"{' and '.join(absent)} missing" if absent else "buildah needs root for this"
            raise ToolMissing(HOW_TO.format(what=what))
        self._folder = folder.resolve()
        self._pip = pip
        self._began: dict[str, float] = {}
        self._containers: dict[str, str] = {}
        self._environs: dict[str, list[str]] = {}
        places = ("--root", f"{self._folder}/storage", "--runroot", f"{self._folder}/run")
        driver = next(
            name
            for name in ("overlay", "vfs")
            if name == "vfs" or succeeds("buildah", *places, "--storage-driver", name, "images")
        )
        self._buildah = ("buildah", *places, "--storage-driver", driver)
        self._volume = self._folder / "data"

    def build(self, image: Image) -> None:
        """Build an image on the base, which is made first where it is not there."""
        if not self._output("images", "--quiet", "--filter", f"reference={BASE}"):
            self._make_base()
        with tempfile.TemporaryDirectory() as scratch:
            settings = write_private(Path(scratch) / "pip.conf", self._pip.text)
            mounts = [f"{path}:{place}:ro" for path, place in self._pip.mounts.items()]
            self._run(
                *("build", "--pull=never", "--format", "docker"),
                *("--secret", f"id=pip,src={settings}"),
                *options("--volume", mounts),
                *options("--build-arg", pairs(image.arguments)),
                *("--file", str(SOURCE / image.dockerfile), "--tag", image.name, str(SOURCE)),
            )
        self._run("rmi", "--prune")  # what had this name before

    def run_command(self, image: Image, name: str, environ: Mapping[str, str]) -> list[str]:
        """Return the command that runs an image in a new container."""
        if not self._volume.exists():
            self._volume.mkdir(parents=True)
            os.chown(self._volume, UNPRIVILEGED, UNPRIVILEGED)
        self._containers[name] = self._output("from", "--pull=never", image.name)
        self._began[name] = time.time()
        command = image.command or self._config(image)["Cmd"]
        self._environs[name] = options("--env", pairs(environ))
        return self._in_container(name, command)

    def health_command(self, image: Image, name: str) -> list[str]:
        """Return the command that runs an image's health check beside what runs in a container."""
        kind, *command = self._config(image)["Healthcheck"]["Test"]
        if kind != "CMD":
            raise BuildFailed(f"{image.name}: the health check wants a shell")
        return self._in_container(name, command)

    def written_files(self, name: str, /) -> list[str]:
        """Return what changed in the container's file system since it was started."""
        root = Path(self._output("mount", self._containers[name]))
        found = []
        for folder, folders, files in os.walk(root):
            if Path(folder) == root:
                folders[:] = [one for one in folders if one not in NOT_WRITTEN]
            paths = (Path(folder) / file for file in files)
            found += [path for path in paths if path.lstat().st_ctime > self._began[name]]
        return [f"/{path.relative_to(root)}" for path in found]

    def close(self) -> None:
        """Remove containers and the volume."""
        for container in self._containers.values():
            subprocess.run([*self._buildah, "rm", container], check=False, capture_output=True)
        self._containers.clear()
        shutil.rmtree(self._volume, ignore_errors=True)

    def _in_container(self, name: str, command: Sequence[str]) -> list[str]:
        return [
            *(*self._buildah, "run", "--isolation", "chroot", "--network", "host"),
            *("--volume", f"{self._volume}:/data", *self._environs[name]),
            *(self._containers[name], "--", *command),
        ]

    def _make_base(self) -> None:
        """Make the base of Debian's packages: no registry is asked."""
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            run("debootstrap", "--variant=minbase", RELEASE, f"{scratch}/root")
            container = self._output("from", "scratch")
            self._run("copy", "--quiet", container, f"{scratch}/root", "/")
            self._run("commit", "--quiet", container, BASE)
            self._run("rm", container)

    def _config(self, image: Image) -> dict[str, Any]:
        found = json.loads(self._output("inspect", "--type", "image", image.name))
        config: dict[str, Any] = found["Docker"]["config"]
        return config

    def _run(self, *arguments: str) -> None:
        run(*self._buildah, *arguments, environ=ENVIRON)

    def _output(self, *arguments: str) -> str:
        return output_of(*self._buildah, *arguments, environ=ENVIRON)
