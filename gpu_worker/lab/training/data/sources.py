"""Fetches training pictures from Debian packages."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SMALLEST_EMBEDDED = 4096  # bytes


@dataclass(frozen=True)
class ImageSource:
    """A folder of one Debian package; cutouts: its pictures are transparent around their object."""

    package: str
    folder: str = ""
    cutouts: bool = False


STAMPS = (
    "animals",
    "food",
    "hobbies",
    "household",
    "people",
    "plants",
    "seasonal",
    "space",
    "sports",
    "town",
    "vehicles",
)
SOURCES = (
    ImageSource("plasma-workspace-wallpapers"),
    ImageSource("lomiri-wallpapers-16.04"),
    ImageSource("lomiri-wallpapers-20.04"),
    ImageSource("ukui-wallpapers"),
    ImageSource("gnome-backgrounds"),
    ImageSource("mate-backgrounds"),
    ImageSource("palapeli-data"),
    ImageSource("endless-sky-data", "images/land"),
    ImageSource("endless-sky-data", "images/scene"),
    ImageSource("gcompris-qt-data"),
    ImageSource("wesnoth-1.16-data", "images/story"),
    ImageSource("wesnoth-1.16-data", "images/portraits", cutouts=True),
    *(ImageSource("tuxpaint-stamps-default", f"stamps/{name}", cutouts=True) for name in STAMPS),
)
PACKAGES = tuple(dict.fromkeys(source.package for source in SOURCES))


def fetch(work: Path, packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Download and unpack what is missing below `work`; return each package's version.

    Raises subprocess.CalledProcessError where apt-get or dpkg fail.
    """
    debs = work / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    missing = [name for name in packages if not list(debs.glob(f"{name}_*.deb"))]
    if missing:
        subprocess.run(["apt-get", "download", *missing], cwd=debs, check=True)
    versions = {}
    for name in packages:
        archive = min(debs.glob(f"{name}_*.deb"))
        versions[name] = archive.name.split("_")[1].replace("%3a", ":")
        target = work / "packages" / name
        if not target.exists():
            subprocess.run(["dpkg", "-x", str(archive), str(target)], check=True)
    return versions


def encoded_images(work: Path, source: ImageSource) -> Iterator[tuple[str, bytes]]:
    """Yield name and encoded bytes of every picture of one source, in a stable order."""
    root = work / "packages" / source.package
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or source.folder not in path.as_posix():
            continue
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("screenshot"):
            yield path.relative_to(root).as_posix(), path.read_bytes()
        elif path.suffix == ".rcc":
            for offset, data in _embedded_webp(path.read_bytes()):
                yield f"{path.relative_to(root).as_posix()}@{offset}", data


def _embedded_webp(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of each WebP file stored uncompressed in a Qt resource file."""
    for match in re.finditer(rb"RIFF(....)WEBP", data, re.DOTALL):
        size = int.from_bytes(match[1], "little") + 8
        if size >= SMALLEST_EMBEDDED:
            yield match.start(), data[match.start() : match.start() + size]
