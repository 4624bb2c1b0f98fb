"""What all messages have in common: JSON with the version of the release that wrote it.

Bot and workers may be of different releases while a service is updated. Every order, event and
outcome carries the VERSION of the release that wrote it, and a release reads its own version only:
a message of another one is refused whole (WrongVersion), never half read.
- An order of another version ends as `failed_order_version`, which may be retried, since another
  worker may be of the right release; the third such attempt fails the job and refunds it.
- An event of another version is logged and skipped. What matters is in the outcome.
- An outcome of another version counts as `failed_outcome_version`, which may be retried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar

from storage.codec import CodecError

Value = TypeVar("Value")

VERSION = 2
"""To be raised once between releases that differ in what is written, default values included."""

UNVERSIONED = 0  # what releases before the first version wrote


class WrongVersion(CodecError):
    """The message was written by a release whose messages this release does not read."""

    def __init__(self, found: object) -> None:
        scalar = found is None or isinstance(found, str | int | float)
        text = str(found) if scalar else type(found).__name__
        self.found = ascii(text[:20])[1:-1]
        super().__init__(f"version {self.found}, where this release reads version {VERSION}")


def type_name(value: object, types: Mapping[str, type[Value]]) -> str:
    """Return the name of a value's type."""
    return next(name for name, known in types.items() if isinstance(value, known))


def type_of(data: dict[str, object], key: str, types: Mapping[str, type[Value]]) -> type[Value]:
    """Take the key that names the value's type out of the data."""
    name = data.pop(key, None)
    if not isinstance(name, str) or name not in types:
        shown = ascii(name)[:60] if isinstance(name, str) else f"of type {type(name).__name__}"
        raise CodecError(f"unknown {key} {shown}")
    return types[name]


def write_fields(fields: dict[str, object]) -> str:
    """Return the fields as JSON, with the version of this release."""
    return json.dumps({"version": VERSION, **fields}, ensure_ascii=False, allow_nan=False)


def read_fields(text: object) -> dict[str, object]:
    """Return the fields beside the version; raise WrongVersion before anything else is read."""
    if not isinstance(text, str | bytes):
        raise CodecError("neither text nor bytes")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise CodecError("not an object")
    version = data.pop("version", UNVERSIONED)
    if type(version) is not int or version != VERSION:
        raise WrongVersion(version)
    return data
