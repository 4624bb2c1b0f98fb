"""Picks: which pictures of a message are meant, as a line of the form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from bot.discord_ui.commands.place_order import MAX_PICTURES
from storage.domain.errors import BadRequest

NAME = "pictures"

_Picture = TypeVar("_Picture")


def write(count: int) -> str:
    """Return the line that selects the first pictures; empty where there is only one."""
    selected = range(1, min(count, MAX_PICTURES) + 1)
    return f"{NAME}: " + ", ".join(map(str, selected)) if count > 1 else ""


def choose(pictures: Sequence[_Picture], line: str | None) -> list[_Picture]:
    """Return the pictures that a line names by their numbers; raise BadRequest.

    Without a line it is the first ones.
    """
    if line is None:
        return list(pictures[:MAX_PICTURES])
    numbers = list(dict.fromkeys(map(int, re.findall(r"[0-9]{1,3}", line))))
    listed = re.fullmatch(r"[0-9\s,，、;；]*", line)  # a span, 1-3, would lose its middle
    known = listed and all(1 <= number <= len(pictures) for number in numbers)
    if not known or not 1 <= len(numbers) <= MAX_PICTURES:
        raise BadRequest(
            "request_pictures", count=len(pictures), limit=min(len(pictures), MAX_PICTURES)
        )
    return [pictures[number - 1] for number in numbers]
