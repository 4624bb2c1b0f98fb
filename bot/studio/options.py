"""What a person filled in for an order, before defaults complete it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

OptionValue: TypeAlias = str | int | float
"""The value of an option; a choice among several is a member of a StrEnum."""


class Chooser(StrEnum):
    """Who chooses among several candidates."""

    ME = "me"
    JUDGE = "judge"


class Shape(StrEnum):
    """The shape of a picture that is made from the prompt first."""

    SQUARE = "square"
    WIDE = "wide"
    TALL = "tall"

    @property
    def aspect(self) -> tuple[int, int]:
        """Return the (width, height) of a picture of this shape, but for its scale."""
        return {"square": (1, 1), "wide": (16, 9), "tall": (9, 16)}[self.value]


class Options(Mapping[str, OptionValue]):
    """The values of one order by option name; an option that is left out takes its default."""

    def __init__(self, prompt: OptionValue | None = None, **values: OptionValue | None) -> None:
        """Take the values that are not None."""
        given = {"prompt": prompt, **values}
        self._values = {name: value for name, value in given.items() if value is not None}

    def __getitem__(self, name: str) -> OptionValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{name}={value!r}' for name, value in self.items())})"

    def replace(self, **values: OptionValue | None) -> Options:
        """Return these options with some changed (None: left out)."""
        return Options(**{**self, **values})
