"""The form's line that selects among the pictures of a message."""

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
    """Return the pictures whose numbers a line names; raise BadRequest.

    Without a line, return the first ones.
    """
    if line is None:
        return list(pictures[:MAX_PICTURES])
    numbers = list(dict.fromkeys(map(int, re.findall(r"[0-9]{1,3}", line))))
    listed = re.fullmatch(r"[0-9\s,，、;；]*", line)  # 1-3 would select only its ends
    known = listed and all(1 <= number <= len(pictures) for number in numbers)
    if not known or not 1 <= len(numbers) <= MAX_PICTURES:
        raise BadRequest(
            "request_pictures", count=len(pictures), limit=min(len(pictures), MAX_PICTURES)
        )
    return [pictures[number - 1] for number in numbers]
