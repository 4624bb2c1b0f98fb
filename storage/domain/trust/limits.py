"""What one person may order in a server, by the allowances of their roles."""

from __future__ import annotations

from dataclasses import dataclass, fields

from storage.domain.errors import NotAllowed
from storage.domain.request import GenerationRequest
from storage.domain.trust.place import Place
from storage.domain.trust.policy import ServerPolicy

ROUNDING = 1e-6  # seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds beside those of the catalogue, which none of them widens; None: there is none.

    Credits and unfinished jobs count what the person orders in this server. side is in pixels.
    """

    credits_per_day: int | None = None
    credits_per_month: int | None = None
    unfinished_jobs: int | None = None
    side: int | None = None
    seconds: float | None = None

    @property
    def counts(self) -> bool:
        """Tell whether it matters what the person has ordered before."""
        bounds = (self.credits_per_day, self.credits_per_month, self.unfinished_jobs)
        return any(one is not None for one in bounds)

    def check(self, request: GenerationRequest, source_seconds: float = 0.0) -> None:
        """Raise NotAllowed where a clip would be too large or too long.

        source_seconds is how long the clip plays that an extension goes on from.
        """
        side = max(_full_size(request))
        if self.side is not None and side > self.side:
            raise NotAllowed("denied_side", limit=self.side, side=side)
        new = request.made_frames - (1 if source_seconds else 0)  # both parts share a frame
        length = source_seconds + new / request.fps
        if self.seconds is not None and length > self.seconds + ROUNDING:
            raise NotAllowed("denied_length", limit=self.seconds, length=round(length, 2))


def limits_of(policy: ServerPolicy, place: Place) -> Limits:
    """Return a person's limits: for each bound the most generous of those that their roles state.

    The role of the server's own id is everybody's.
    """
    held = {*place.roles, place.guild}
    rows = [one for one in policy.allowances if one.role in held]
    stated = {
        bound.name: [value for row in rows if (value := getattr(row, bound.name)) is not None]
        for bound in fields(Limits)
    }
    return Limits(**{name: max(values, default=None) for name, values in stated.items()})


def _full_size(request: GenerationRequest) -> tuple[int, int]:
    """Return the size of the clip, of drafts that of the one that is chosen."""
    size = (request.width, request.height)
    return size if request.finish is None else request.finish.size(*size)


UNLIMITED = Limits()
"""The limits outside of servers, and where no role has an allowance."""
