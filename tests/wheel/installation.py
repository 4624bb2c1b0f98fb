"""Builds the project's wheel, and installs it with chosen extras and nothing else.

The dependencies come from the environment that runs the tests, as links: no network is needed, and
what the wheel does not ask for cannot be imported.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import Distribution
from pathlib import Path

from deploy.images.requirements import needed

ROOT = Path(__file__).parents[2]


def build_wheel(folder: Path) -> Path:
    """Build the wheel of what is under version control or new; return the file."""
    source = folder / "source"
    source.mkdir()
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_symlink() or (ROOT / name).is_file():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to((ROOT / name).resolve())
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    [wheel] = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path, *extras: str) -> Path:
    """Install the wheel with these extras in a new environment; return its folder of commands."""
    venv.create(folder, symlinks=True)
    executables = folder / "bin"
    pip("--python", str(executables / "python"), "install", "--no-index", str(wheel))
    [packages] = folder.glob("lib/python*/site-packages")
    [metadata] = packages.glob("mutoscope-*.dist-info")
    for found in needed(Distribution.at(metadata), *extras).values():
        if found is None:
            continue  # a platform's markers leave it out
        for place in {Path(str(file)).parts[0] for file in found.files or ()}:
            target = packages / place
            if place not in ("..", "__pycache__") and not target.exists():
                target.symlink_to(Path(str(found.locate_file(place))).resolve())
    return executables


def pip(*arguments: str) -> None:
    """Run pip without dependencies; raise with its output where it fails."""
    at = next(at for at, word in enumerate(arguments) if word in ("wheel", "install")) + 1
    options = ["--quiet", "--no-deps", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", *arguments[:at], *options, *arguments[at:]]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
