"""Where drafts lie in the clip that shows them side by side: by rows, from the upper left."""

from __future__ import annotations

GAP = 4
"""Pixels between two drafts."""


def columns(count: int, width: int, height: int) -> int:
    """Return how many drafts of this size lie in one row, so that the longer side is shortest."""
    return min(
        range(1, count + 1),
        key=lambda across: (max(across * width, -(-count // across) * height), -across),
    )


def grid_size(count: int, width: int, height: int) -> tuple[int, int]:
    """Return the width and height of so many drafts of this size side by side."""
    across = columns(count, width, height)
    down = -(-count // across)
    return across * (width + GAP) - GAP, down * (height + GAP) - GAP
