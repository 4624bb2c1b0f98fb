"""What an order will take before it is placed: credits, seconds, and the memory of its worker."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database.jobs import Jobs
from storage.domain.catalogue import Catalogue
from storage.domain.quota import price
from storage.domain.request import GenerationRequest


@dataclass(frozen=True, slots=True)
class OrderOutlook:
    """What an order costs, how many seconds such clips took lately, and what its worker needs.

    seconds is None where no such clip was made lately. memory_gib is the memory of the smallest
    hardware in the catalogue that makes it: 0 for the processor, None where none is known to.
    """

    credits: int
    seconds: float | None
    memory_gib: float | None


class Outlook:
    """Looks ahead, by the catalogue and by the clips that were made."""

    def __init__(self, jobs: Jobs, catalogue: Catalogue) -> None:
        self._jobs = jobs
        self._catalogue = catalogue

    async def of(self, request: GenerationRequest) -> OrderOutlook:
        """Return what this request will take."""
        return OrderOutlook(
            price(request, self._catalogue.work(request.model)),
            await self._jobs.sums.median_seconds(request),
            self._memory(request),
        )

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
