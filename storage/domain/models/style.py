"""A style: a low-rank adapter of the video model, and how strongly it acts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from storage.domain.errors import BadRequest

MOST_SCALE = 2.0
NAME_LIMIT = 40  # characters
TEXT_LIMIT = NAME_LIMIT + 10
"""How many characters a style and its scale are typed in at most."""

NAME = re.compile(rf"\w[\w.-]{{0,{NAME_LIMIT - 1}}}")


@dataclass(frozen=True, slots=True)
class Style:
    """A style by the name that it was asked for, and the sha256 of its file (empty: not known yet).

    scale is by how much the adapter's change of the weights is multiplied; 0 is the model itself.
    """

    name: str
    scale: float = 1.0
    file: str = ""

    def __post_init__(self) -> None:
        """Refuse what nobody could have typed, and write equal styles alike (1 is 1.0)."""
        object.__setattr__(self, "scale", float(self.scale))
        if not NAME.fullmatch(self.name):
            raise BadRequest("request_style_name", limit=NAME_LIMIT)
        if not 0.0 <= self.scale <= MOST_SCALE:
            raise BadRequest("request_out_of_range", name="style", low=0, high=MOST_SCALE)

    @property
    def text(self) -> str:
        """Return the style as a person types it: its name, and its scale where that is not 1."""
        return self.name if self.scale == 1.0 else f"{self.name} {self.scale:g}"


def style_in(text: str) -> Style | None:
    """Return the style that a text `NAME` or `NAME SCALE` asks for, None for an empty one.

    Raise BadRequest.
    """
    name, _, scale = text.strip().partition(" ")
    if not name:
        return None
    try:
        number = float(scale) if scale.strip() else 1.0
    except ValueError as error:
        raise BadRequest("request_style_scale", text=scale.strip()[:20]) from error
    return Style(name.casefold(), number)


def style_name(file_name: str) -> str:
    """Return the name of the style in a file of this name, as far as it has one."""
    stem = file_name.rpartition("/")[2].removesuffix(".safetensors")
    return re.sub(r"[^\w.-]+", "_", stem).strip("._-").casefold()[:NAME_LIMIT]
