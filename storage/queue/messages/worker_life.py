"""What workers say of themselves: since when they live, and what they serve."""

from __future__ import annotations

import re

from storage.codec import CodecError, decode, encode
from storage.domain.cost.bill import WorkerLife
from storage.domain.models.served_model import ServedModel
from storage.queue.messages.checks import check_between, check_served
from storage.queue.messages.wire import read_fields, write_fields

OFFER_LIMIT = 100  # characters of a worker's, an offer's or a model's name
NAME = re.compile(r"[0-9a-f]{1,32}")


def write_life(life: WorkerLife) -> str:
    """Return the life as JSON."""
    return write_fields(encode(life))


def read_life(text: object) -> WorkerLife:
    """Return the life that the JSON describes; raise CodecError."""
    life = decode(WorkerLife, read_fields(text))
    for name in ("started", "ready", "seen"):
        check_between(name, getattr(life, name), 0.0, 10**11)
    names = (life.worker, life.offer, life.model)
    if not NAME.fullmatch(life.id) or max(map(len, names)) > OFFER_LIMIT:
        raise CodecError("id, worker, offer or model: not a name")
    return life


def write_served(served: ServedModel) -> str:
    """Return what a worker serves as JSON."""
    return write_fields(encode(served))


def read_served(text: object) -> ServedModel:
    """Return what a worker serves that the JSON describes; raise CodecError."""
    served = decode(ServedModel, read_fields(text))
    check_served(served)
    return served
