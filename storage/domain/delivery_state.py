"""What was tried to deliver a job's outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self


class Way(StrEnum):
    """A way to reach a person."""

    TOKEN = "token"  # noqa: S105 (an edit or a follow-up by the interaction's token)
    EDIT = "edit"  # of the message in its channel
    POST = "post"  # a new message in the channel
    DIRECT = "direct"  # a direct message
    PING = "ping"  # a reply that mentions the person


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """The ways that are closed for a job, and the marker of a send whose result is unknown.

    posting names the way of a new message that was about to be sent at posting_at (unix seconds),
    empty where no send is open. pinged is when a ping was about to be sent. failures counts tries
    in a row that ended in an error.
    """

    closed: tuple[Way, ...] = ()
    posting: Way | None = None
    posting_at: float = 0.0
    pinged: float = 0.0
    failures: int = 0

    def close(self, way: Way) -> Self:
        """Return the state with this way closed and no send open."""
        closed = self.closed if way in self.closed else (*self.closed, way)
        return replace(self, closed=closed, posting=None, posting_at=0.0)
