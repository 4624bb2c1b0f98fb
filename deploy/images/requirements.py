"""What an installed distribution needs, all the way down."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def needed(project: Distribution, *extras: str) -> dict[str, Distribution | None]:
    """Return every distribution that the project needs with these extras, by canonical name.

    One that is not installed is None; what only it needs is not known.
    """
    found: dict[str, Distribution | None] = {}
    waiting, seen = [(project, frozenset(extras))], set[tuple[str, frozenset[str]]]()
    while waiting:
        current, chosen = waiting.pop()
        for wanted in map(Requirement, current.requires or ()):
            name = canonicalize_name(wanted.name)
            key = (name, frozenset(wanted.extras))
            if key in seen or not _applies(wanted, chosen):
                continue
            seen.add(key)
            it = project if name == canonicalize_name(project.name) else _installed(name)
            if it is not project:
                found[name] = it
            if it is not None:
                waiting.append((it, frozenset(wanted.extras)))
    return found


def _applies(wanted: Requirement, extras: frozenset[str]) -> bool:
    """Tell whether the markers want it on this platform with any of these extras, or with none."""
    marker = wanted.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, ""))


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
