"""Job: one request's life, from its order to its clip or failure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.domain.clip import Clip, Failure
from storage.domain.request import GenerationRequest


class Status(StrEnum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Tell whether nothing may follow."""
        return not FOLLOWS[self]


FOLLOWS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.DONE, Status.FAILED, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.QUEUED, Status.DONE, Status.FAILED, Status.CANCELLED}),
    Status.DONE: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job was ordered and is to be answered; plain strings, so that any front end fits.

    token is what lets the answer be edited (a Discord interaction token) and expires at
    token_expires (unix seconds). message is the answer's id once it is known.
    """

    front: str
    guild: str = ""
    channel: str = ""
    message: str = ""
    token: str = ""
    token_expires: float = 0.0
    application: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One order with its owner, its place, its state and, at the end, its clip or failure.

    Times are unix seconds. cost is in credits (see quota). attempt is 0 until first dispatched.
    """

    id: str
    owner: str
    request: GenerationRequest
    place: Place
    locale: str
    cost: int
    created: float
    size_limit: int
    status: Status = Status.QUEUED
    attempt: int = 0
    deaths: int = 0
    dispatched: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    delivered: float = 0.0
    cached: bool = False
    parent: str = ""
    clip: Clip | None = None
    failure: Failure | None = None
