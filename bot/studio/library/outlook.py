"""What an order will take before it is placed: credits, seconds, and the memory of its worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.database.jobs import Jobs
from storage.domain.catalogue import Catalogue
from storage.domain.quota import DAY, price
from storage.domain.request import GenerationRequest

LOOK_BACK = 30 * DAY
"""For how long the clips count by which the time of another kind is estimated, in seconds."""


@dataclass(frozen=True, slots=True)
class OrderOutlook:
    """What an order costs, about how many seconds it will take, and what its worker needs.

    seconds are those that such clips took lately; where there was none, what this many credits of
    the model's work take by the clips that were made lately, None without any. memory_gib is the
    memory of the smallest hardware in the catalogue that makes it: 0 for the processor, None where
    none is known to.
    """

    credits: int
    seconds: float | None
    memory_gib: float | None


class Outlook:
    """Looks ahead, by the catalogue and by the clips that were made."""

    def __init__(
        self, jobs: Jobs, catalogue: Catalogue, clock: Callable[[], float] = time.time
    ) -> None:
        self._jobs = jobs
        self._catalogue = catalogue
        self._clock = clock

    async def of(self, request: GenerationRequest) -> OrderOutlook:
        """Return what this request will take."""
        credits = price(request, self._catalogue.work(request.model))
        seconds = await self._jobs.sums.median_seconds(request)
        if seconds is None:
            since = self._clock() - LOOK_BACK
            each = await self._jobs.sums.seconds_per_credit(request.model, since)
            seconds = None if each is None else each * credits
        return OrderOutlook(credits, seconds, self._memory(request))

    def _memory(self, request: GenerationRequest) -> float | None:
        shape = request.denoised or request
        model = self._catalogue.model(request.model)
        fitting = [
            profile.memory_gib
            for profile in self._catalogue.profiles.values()
            for bound in [model.on(profile)]
            if shape.width * shape.height <= bound.pixels
            and shape.frames <= bound.frames
            and request.steps <= bound.steps
        ]
        return min(fitting, default=None)
