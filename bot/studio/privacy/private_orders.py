"""Orders of which only their owner sees anything."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from storage.domain.request import GenerationRequest

PRIVATE = "private"
"""The option's name, under which it is in `GenerationRequest.extra`."""


class Private(StrEnum):
    """Whether only the owner sees a clip."""

    NO = "no"
    YES = "yes"


def asks_private(options: Mapping[str, object]) -> bool:
    """Tell whether options ask for a private clip."""
    return options.get(PRIVATE) == Private.YES


def is_private(request: GenerationRequest) -> bool:
    """Tell whether a request's clip is private."""
    return asks_private(dict(request.extra))
