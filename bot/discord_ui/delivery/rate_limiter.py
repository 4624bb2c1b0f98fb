"""Pace: how soon the same place may be edited again."""

from __future__ import annotations


class RateLimiter:
    """Keeps a pause between two edits of one place, and forgets each pause that is over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._edited: dict[str, float] = {}  # the latest last

    def __len__(self) -> int:
        return len(self._edited)

    def is_free(self, place: str, now: float) -> bool:
        """Tell whether the last edit of a place is long enough ago."""
        edited = self._edited.get(place)
        return edited is None or now - edited >= self._seconds

    def note(self, place: str, now: float) -> None:
        """Note an edit; now never goes back."""
        for other, edited in list(self._edited.items()):
            if now - edited < self._seconds:
                break
            del self._edited[other]
        self._edited.pop(place, None)
        self._edited[place] = now
