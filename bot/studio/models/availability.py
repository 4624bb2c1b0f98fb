"""Whether workers make a model's clips now, or come once there is work."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from storage.domain.catalogue import Catalogue


class Availability(StrEnum):
    """Who makes the clips of a model: a live worker, one that is started, or nobody yet."""

    SERVED = "served"
    ON_DEMAND = "on_demand"
    UNSERVED = "unserved"


def availability(
    model: str, workers: Mapping[str, int] | None, catalogue: Catalogue
) -> Availability:
    """Return a model's availability; workers are counted by model, None where that is not known.

    What is not known counts as served: nobody is told that a model is away because Redis is.
    """
    if workers is None or workers.get(model, 0):
        return Availability.SERVED
    row = catalogue.models.get(model)
    return Availability.ON_DEMAND if row and row.on_demand else Availability.UNSERVED
