"""Orders, from a bot to a worker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.codec import decode, encode
from storage.domain.request import GenerationRequest
from storage.queue.keys import attempt_id, queue_key
from storage.queue.messages.checks import check_attempt
from storage.queue.messages.wire import read_fields, write_fields


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt at one job, as the worker gets it; size_limit is in bytes."""

    job: str
    attempt: int
    request: GenerationRequest
    size_limit: int

    @property
    def id(self) -> str:
        """Return the queue's id of this attempt."""
        return attempt_id(self.job, self.attempt)

    @property
    def queue(self) -> str:
        """Return the key of the queue that it is on."""
        return queue_key(self.request.model)


class AttemptState(StrEnum):
    """What Redis knows of an attempt."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"


def write_order(order: Order) -> str:
    """Return the order as JSON."""
    return write_fields(encode(order))


def read_order(text: object) -> Order:
    """Return the order that the JSON describes; raise CodecError."""
    order = decode(Order, read_fields(text))
    check_attempt(order.job, order.attempt)
    return order
