"""`python -m deploy.images.pins`: pins what the images install to the versions installed here.

So the images hold what the tests ran with. What is not installed here keeps the version that
deploy/constraints.txt says.
"""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from deploy.images.requirements import needed

FILE = Path(__file__).parents[1] / "constraints.txt"
EXTRAS = ("gpu", "postgres", "filter", "web")
BUILD = "setuptools"  # builds the wheel
HEADER = "# Written by `python -m deploy.images.pins`: what the images install."


def read_pins(text: str) -> dict[str, str]:
    """Return the pinned version of each name; raise ValueError for a line that pins nothing."""
    pins = {}
    for line in text.splitlines():
        if line.partition("#")[0].strip():
            wanted = Requirement(line)
            [pin] = wanted.specifier
            if pin.operator != "==":
                raise ValueError(f"{line} pins no version")
            pins[canonicalize_name(wanted.name)] = pin.version
    return {str(name): version for name, version in pins.items()}


def pins(project: Distribution, before: dict[str, str]) -> dict[str, str]:
    """Return the versions to pin; raise LookupError for one that is known nowhere."""
    found = needed(project, *EXTRAS) | {BUILD: distribution(BUILD)}
    missing = [name for name, it in found.items() if it is None and name not in before]
    if missing:
        raise LookupError(f"neither installed nor pinned: {', '.join(missing)}")
    return {
        # A build of its own, such as 2.13.0+cpu, is not what others can have.
        name: Version(it.version).public if it is not None else before[name]
        for name, it in sorted(found.items())
    }


def main() -> int:
    """Write the file."""
    before = read_pins(FILE.read_text("utf-8")) if FILE.exists() else {}
    try:
        after = pins(distribution("mutoscope"), before)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 1
    lines = [f"{name}=={version}" for name, version in after.items()]
    FILE.write_text("\n".join([HEADER, *lines, ""]), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
