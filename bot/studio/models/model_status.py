"""What a model costs here, who serves it, and how long its queue is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.studio.models.availability import Availability, availability
from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from storage.database.queries.pending_jobs import QueueSize
from storage.domain.catalogue import Catalogue
from storage.domain.errors import BadRequest
from storage.domain.models.capability import Capability
from storage.domain.models.served_model import ServedModel, by_name
from storage.domain.quota import price


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model that can be ordered, or that still has orders or workers.

    credits is the price of a clip with all options left out, None for a model that cannot be
    ordered. workers is None where Redis is away, waiting and running where the database is.
    outdated is how many of the workers serve other weights than the catalogue has: what they make
    is delivered, and answers no later order.
    """

    name: str
    availability: Availability
    credits: int | None = None
    workers: int | None = None
    waiting: int | None = None
    running: int | None = None
    outdated: int = 0


def model_statuses(
    admission: Admission,
    served: Mapping[ServedModel, int] | None,
    sizes: Mapping[str, QueueSize] | None,
) -> list[ModelStatus]:
    """Return the models that can be ordered as the catalogue has them, then any others.

    served is how many workers are alive by what they serve; the sizes of queues are by model. None
    where that is not known.
    """
    workers = None if served is None else by_name(served)
    outdated = outdated_workers(admission.catalogue, served or {})
    names = dict.fromkeys((*admission.catalogue.models, *(sizes or {}), *(workers or {})))
    found = [_status(name, admission, workers, sizes) for name in names]
    # A row that this hardware cannot make is nobody's concern, unless it has orders or workers.
    concerned = {*(sizes or {}), *(workers or {})}
    found = [one for one in found if one.credits is not None or one.name in concerned]
    return [replace(status, outdated=outdated[status.name]) for status in found]


def outdated_workers(catalogue: Catalogue, served: Mapping[ServedModel, int]) -> Counter[str]:
    """Return how many workers of each model serve other weights than the catalogue has."""
    rows = catalogue.models
    return by_name(
        {
            one: count
            for one, count in served.items()
            if one.name in rows and not rows[one.name].is_made_by(one)
        }
    )


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


def _usual_price(model: str, admission: Admission) -> int | None:
    """Return the price of a clip of a square picture with all options left out.

    None where this hardware cannot make it.
    """
    able = Capability.PROMPT in admission.catalogue.model(model).capabilities
    options = Options("any" if able else None, model=model)
    try:
        request = admission.admit(options, picture="", size=(1, 1), seed=0)
    except BadRequest:
        return None
    return price(request, admission.catalogue.work(model))
