"""Ranges of numbers that a person may set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A closed range of numbers."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        """Tell whether the value is within the range, ends included."""
        return self.low <= value <= self.high


UNGUIDED = Span(1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Ranges:
    """The ranges of the numbers that a person may set."""

    frames: Span
    fps: Span
    steps: Span
    guidance: Span = UNGUIDED
