"""How strictly pictures and clips are looked at, and where."""

from __future__ import annotations

from enum import StrEnum

CONTENT_REFUSED = "failed_content"
"""The key of the failure of a clip whose frames are not to be shown."""


class FilterLevel(StrEnum):
    """The levels, from the least strict to the strictest."""

    OFF = "off"
    NORMAL = "normal"
    STRICT = "strict"

    @property
    def limit(self) -> float:
        """Return the score from which a picture or clip is refused; 0.0: nothing is looked at.

        Scores are between 0 and 1. By its makers' advice 0.2 is safe and 0.8 is not; ordinary
        photographs are below 0.2, swimwear and statues between both.
        """
        return {FilterLevel.OFF: 0.0, FilterLevel.NORMAL: 0.7, FilterLevel.STRICT: 0.4}[self]


def level_of(chosen: str, floor: FilterLevel, *, age_restricted: bool) -> FilterLevel:
    """Return the level of a channel.

    chosen is what its server has chosen, empty for nothing; floor the least strict level that the
    operator allows anywhere. A server's own level is off in its age-restricted channels alone.
    """
    own = FilterLevel(chosen) if chosen in list(FilterLevel) else FilterLevel.NORMAL
    if own is FilterLevel.OFF and not age_restricted:
        own = FilterLevel.NORMAL
    return max(own, floor, key=list(FilterLevel).index)


def passes(score: float | None, limit: float) -> bool:
    """Tell whether what has this score (None: nobody has looked) may be shown at a limit."""
    return limit == 0.0 or (score is not None and score < limit)
