"""Read a YAML file that whoever runs the service may edit, or say in one line what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from storage.codec import Value, decode
from storage.domain.text import printable


def find_file(name: str, beside: Path) -> Path:
    """Return the file of this name in the working folder, or else the one in the folder beside."""
    here, shipped = Path(name), beside / name
    return here if here.is_file() or not shipped.is_file() else shipped


def read_yaml(
    path: Path,
    kind: type[Value],
    expand: Callable[[Any], Any],
    check: Callable[[Value], None],
    error_kind: type[ValueError],
) -> Value:
    """Decode a file whose short forms are expanded first, then check it; raise error_kind."""
    try:
        value = decode(kind, expand(yaml.safe_load(path.read_text(encoding="utf-8"))))
        check(value)
    except OSError as error:
        raise error_kind(f"{printable(path)} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise error_kind(f"{printable(path)}: {' '.join(str(error).split())}") from error
    return value
