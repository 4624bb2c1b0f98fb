"""Where training pictures come from: Debian packages, fetched and opened by code."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SMALLEST_EMBEDDED = 4096


@dataclass(frozen=True)
class Source:
    """One Debian package and the kind of pictures it holds."""

    package: str
    cutouts: bool = False
    under: str = ""


SOURCES = (
    Source("plasma-workspace-wallpapers"),
    Source("lomiri-wallpapers-16.04"),
    Source("lomiri-wallpapers-20.04"),
    Source("ukui-wallpapers"),
    Source("gnome-backgrounds"),
    Source("mate-backgrounds"),
    Source("palapeli-data"),
    Source("endless-sky-data", under="images/land"),
    Source("endless-sky-data", under="images/scene"),
    Source("gcompris-qt-data"),
    Source("wesnoth-1.16-data", under="images/story"),
    Source("wesnoth-1.16-data", cutouts=True, under="images/portraits"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/animals"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/food"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/hobbies"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/household"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/people"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/plants"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/seasonal"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/space"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/sports"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/town"),
    Source("tuxpaint-stamps-default", cutouts=True, under="stamps/vehicles"),
)


def packages() -> tuple[str, ...]:
    """Give the packages' names, each once, in order."""
    return tuple(dict.fromkeys(source.package for source in SOURCES))


def fetch(work: Path) -> dict[str, str]:
    """Download and unpack what is missing below `work`; give each package's version.

    Raises subprocess.CalledProcessError where apt-get or dpkg fail.
    """
    debs = work / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    missing = [name for name in packages() if not list(debs.glob(f"{name}_*.deb"))]
    if missing:
        subprocess.run(["apt-get", "download", *missing], cwd=debs, check=True)
    versions = {}
    for name in packages():
        archive = next(iter(sorted(debs.glob(f"{name}_*.deb"))))
        versions[name] = archive.name.split("_")[1].replace("%3a", ":")
        target = work / "packages" / name
        if not target.exists():
            subprocess.run(["dpkg", "-x", str(archive), str(target)], check=True)
    return versions


def raw_pictures(work: Path, source: Source) -> Iterator[tuple[str, bytes]]:
    """Yield name and encoded bytes of every picture of one source, in a stable order."""
    root = work / "packages" / source.package
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or source.under not in path.as_posix():
            continue
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("screenshot"):
            yield path.relative_to(root).as_posix(), path.read_bytes()
        elif path.suffix == ".rcc":
            for at, data in _webp_inside(path.read_bytes()):
                yield f"{path.relative_to(root).as_posix()}@{at}", data


def _webp_inside(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of each WebP file stored uncompressed in a Qt resource file."""
    for match in re.finditer(rb"RIFF(....)WEBP", data, re.DOTALL):
        size = int.from_bytes(match[1], "little") + 8
        if size >= SMALLEST_EMBEDDED:
            yield match.start(), data[match.start() : match.start() + size]
