"""How the service stands: credits, costs, workers, models, waiting times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.studio.models.model_status import ModelStatus, model_statuses
from bot.studio.orders.admission import Admission
from bot.studio.trust.order_rules import OrderRules
from bot.studio.wait_forecast import WaitForecast
from storage.database.jobs import Jobs
from storage.domain.cost.advice import RentalAdvice, ServiceBill
from storage.domain.errors import Unavailable
from storage.domain.quota import DAY, UsageReport
from storage.domain.trust.place import NOWHERE, Place
from storage.queue.client import Queue


@dataclass(kw_only=True)
class ServiceReports:
    """Reads what people, operators and forecasts are told of the service.

    rental returns how workers are best rented, as far as that is known.
    """

    jobs: Jobs
    queue: Queue
    admission: Admission
    rules: OrderRules
    rental: Callable[[], RentalAdvice | None]
    clock: Callable[[], float]

    async def of_person(self, owner: str, place: Place = NOWHERE) -> UsageReport:
        """Return what a person ordered, spent and has left, also by what bounds them at a place."""
        limits = await self.rules.limits(place)
        return await self.jobs.sums.of_person(owner, self.clock(), place.guild, limits)

    async def of_everybody(self, days: int) -> UsageReport:
        """Return what everybody ordered and spent in the last days."""
        return await self.jobs.sums.of_everybody(self.clock() - days * DAY)

    async def bill(self, days: int) -> ServiceBill:
        """Return what the workers of the last days cost, and how to rent them."""
        total = await self.jobs.lives.total(self.clock() - days * DAY)
        return replace(total, rental=self.rental())

    async def workers(self) -> int | None:
        """Return how many workers are alive, None where Redis is away."""
        found = await self.workers_by_model()
        return None if found is None else sum(found.values())

    async def workers_by_model(self) -> Mapping[str, int] | None:
        """Return how many workers are alive for each model, None where Redis is away."""
        try:
            return await self.queue.workers_by_model()
        except Unavailable:
            return None

    async def models(self) -> list[ModelStatus]:
        """Return the models that can be ordered, and those that still have orders or workers."""
        try:
            sizes = await self.jobs.pending.sizes()
        except Unavailable:
            sizes = None
        try:
            served = await self.queue.served_models()
        except Unavailable:
            served = None
        return model_statuses(self.admission, served, sizes)

    def wait_forecast(self) -> WaitForecast:
        """Return a new forecast of when waiting jobs start."""
        return WaitForecast(self.jobs, self.workers_by_model, self.admission.catalogue, self.clock)
