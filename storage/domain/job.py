"""A job: one request with its owner, its state, and its clip or failure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.domain.clip import Clip, Failure
from storage.domain.request import GenerationRequest

MAX_DEATHS = 3
"""A job is given up when so many of its attempts failed for retryable reasons."""


class Status(StrEnum):
    """The state of a job; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Tell whether no other status may follow."""
        return not FOLLOWS[self]


FOLLOWS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.DONE, Status.FAILED, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.QUEUED, Status.DONE, Status.FAILED, Status.CANCELLED}),
    Status.DONE: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class ReplyTarget:
    """Where to answer a job, as plain strings that any front end can fill.

    front names the front end. token allows the answer to be edited (a Discord interaction token)
    until token_expires (unix seconds). message is the answer's id once it is known.
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
    """One order with its owner, its state and, at the end, its clip or failure.

    Times are unix seconds, 0.0 where it has not happened. cost is in credits (see quota).
    size_limit is in bytes. attempt is 0 until first dispatched; deaths counts attempts that may
    have crashed their worker, losses those that vanished before a worker had them. parent is the
    job that this one retries or varies. holder is the bot that edits the job's message and delivers
    its outcome. Once billed, the others are the clip's share of its worker's start and idle time,
    and the money for it all.
    """

    id: str
    owner: str
    request: GenerationRequest
    reply_to: ReplyTarget
    locale: str
    cost: int
    created: float
    size_limit: int
    status: Status = Status.QUEUED
    attempt: int = 0
    deaths: int = 0
    losses: int = 0
    dispatched: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    delivered: float = 0.0
    cached: bool = False
    parent: str = ""
    holder: str = ""
    billed: bool = False
    start_seconds: float = 0.0
    idle_seconds: float = 0.0
    money: float = 0.0
    clip: Clip | None = None
    failure: Failure | None = None
