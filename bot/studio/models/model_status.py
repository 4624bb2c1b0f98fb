"""What a model costs here, who serves it, and how long its queue is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.studio.admission import Admission
from bot.studio.models.availability import Availability, availability
from bot.studio.options import Options
from storage.database.queue_order import QueueSize
from storage.domain.models.capability import Capability
from storage.domain.quota import price


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model that can be ordered, or that still has orders or workers.

    credits is the price of a clip with all options left out, None for a model that cannot be
    ordered. workers is None where Redis is away, waiting and running where the database is.
    """

    name: str
    availability: Availability
    credits: int | None = None
    workers: int | None = None
    waiting: int | None = None
    running: int | None = None


def model_statuses(
    admission: Admission, workers: Mapping[str, int] | None, sizes: Mapping[str, QueueSize] | None
) -> list[ModelStatus]:
    """Return the models that can be ordered as the catalogue has them, then any others.

    workers and the sizes of queues are by model, None where they are not known.
    """
    catalogue = admission.catalogue
    names = dict.fromkeys((*catalogue.models, *(sizes or {}), *(workers or {})))
    return [_status(name, admission, workers, sizes) for name in names]


def _status(
    name: str,
    admission: Admission,
    workers: Mapping[str, int] | None,
    sizes: Mapping[str, QueueSize] | None,
) -> ModelStatus:
    size = None if sizes is None else sizes.get(name, QueueSize(0, 0, None))
    return ModelStatus(
        name=name,
        availability=availability(name, workers, admission.catalogue),
        credits=_usual_price(name, admission) if name in admission.catalogue.models else None,
        workers=None if workers is None else workers.get(name, 0),
        waiting=None if size is None else size.waiting,
        running=None if size is None else size.running,
    )


def _usual_price(model: str, admission: Admission) -> int:
    """Return the price of a clip of a square picture with all options left out."""
    able = Capability.PROMPT in admission.catalogue.model(model).capabilities
    options = Options("any" if able else None, model=model)
    request = admission.admit(options, picture="", size=(1, 1), seed=0)
    return price(request, admission.catalogue.work(model))
