"""Builds the project's wheel, and installs it with chosen extras and nothing else.

The dependencies come from the environment that runs the tests, as links: no network is needed, and
what the wheel does not ask for cannot be imported.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

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
    for found in _closure(Distribution.at(metadata), set(extras)).values():
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


def _closure(project: Distribution, extras: set[str]) -> dict[str, Distribution]:
    """Return every distribution that the project needs with these extras, by name."""
    found: dict[str, Distribution] = {}
    waiting, seen = [(project, frozenset(extras))], set[tuple[str, frozenset[str]]]()
    while waiting:
        current, chosen = waiting.pop()
        for line in current.requires or ():
            wanted = Requirement(line)
            if wanted.marker and not any(
                wanted.marker.evaluate({"extra": extra}) for extra in chosen or {""}
            ):
                continue
            key = (wanted.name, frozenset(wanted.extras))
            if key in seen:
                continue
            seen.add(key)
            needed = project if wanted.name == project.name else _installed(wanted.name)
            if needed is not None:
                if needed is not project:
                    found[wanted.name] = needed
                waiting.append((needed, frozenset(wanted.extras)))
    return found


def _installed(name: str) -> Distribution | None:
    """Return a distribution, or None: pip leaves out what a platform's markers leave out."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
