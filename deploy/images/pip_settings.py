"""The pip settings of this machine, as a file for a build, which sees none of its folders."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

PLACE = "/run/pip"
"""Where a build finds the mounted files and folders."""

LEFT_OUT = {"cache-dir", "constraint", "no-cache-dir", "require-virtualenv", "target", "user"}
"""What is about this machine's own installs; the images have constraints of their own."""

SETTING = re.compile(r"(?P<section>[\w-]+|:env:)\.\.?(?P<name>[\w-]+)=(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class PipSettings:
    """A pip.conf for a build, and what it names: the place in the build by the path here."""

    text: str
    mounts: dict[Path, str]


def read_pip_settings() -> PipSettings:
    """Ask this environment's pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    return for_a_build(listed.stdout)


def for_a_build(listed: str) -> PipSettings:
    """Turn what `pip config list` prints into a pip.conf; local paths are mounted under PLACE."""
    mounts: dict[Path, str] = {}
    lines = ["[global]"]
    found = [match for match in map(SETTING.fullmatch, listed.splitlines()) if match]
    # What the environment says counts more than a file, and a file's [install] than its [global].
    rank = {"global": 0, ":env:": 2}
    found.sort(key=lambda match: rank.get(match["section"], 1))
    values = {match["name"]: str(ast.literal_eval(match["value"])) for match in found}
    for name, value in values.items():
        if name not in LEFT_OUT:
            lines.append(f"{name} = {' '.join(_mounted(part, mounts) for part in value.split())}")
    return PipSettings("\n".join([*lines, ""]), mounts)


def _mounted(value: str, mounts: dict[Path, str]) -> str:
    """Return the value as a build writes it: a path that exists here becomes one under PLACE."""
    if value.startswith("file://"):
        # The pages of an index name files by paths relative to its own, beside it.
        path = Path(unquote(urlsplit(value).path))
        return f"file://{_place(path.parent, mounts)}/{path.name}" if path.exists() else value
    path = Path(value)
    return _place(path, mounts) if path.is_absolute() and path.exists() else value


def _place(path: Path, mounts: dict[Path, str]) -> str:
    return mounts.setdefault(path, f"{PLACE}/{len(mounts)}")
