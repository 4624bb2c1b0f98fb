"""An order that a person has begun and that is not placed yet."""

from __future__ import annotations

from dataclasses import dataclass

from storage.domain.job import ReplyTarget


@dataclass(frozen=True, slots=True)
class BegunOrder:
    """Who began an order, where to answer, and which uploads may be in the blob store.

    It is committed before the order is acknowledged; the transaction that inserts the jobs ends
    it. process names the process that works on it. told is when a process began to tell the person
    that it was interrupted, 0.0 before. target is the message that a reaction is on.
    """

    id: str
    owner: str
    locale: str
    reply_to: ReplyTarget
    process: str
    begun: float
    target: str = ""
    told: float = 0.0
    pictures: tuple[str, ...] = ()
