"""Measurements that are taken once per machine and kept in a JSON file."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

T = TypeVar("T")

log = logging.getLogger(__name__)


def measured_once(file: Path, key: str, measure: Callable[[], T]) -> T:
    """Return the file's value of a key; measure and add it where there is none.

    A file that cannot be read counts as empty; one that cannot be written is logged.
    """
    known = _read(file)
    if key not in known:
        known[key] = measure()
        try:
            write_whole(file.expanduser(), json.dumps(known, indent=1).encode())
        except (OSError, RuntimeError) as error:  # the second where there is no home folder
            log.warning("a measurement cannot be kept: %s", error)
    return cast(T, known[key])


def write_whole(file: Path, data: bytes) -> None:
    """Put a file in its place at once, whole, so that no other process reads a part of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=file.name, delete=False) as part:
        try:
            part.write(data)
            part.flush()
            Path(part.name).replace(file)
        except OSError:
            Path(part.name).unlink(missing_ok=True)
            raise


def _read(file: Path) -> dict[str, Any]:
    try:
        known: object = json.loads(file.expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):
        return {}
    return known if isinstance(known, dict) else {}
