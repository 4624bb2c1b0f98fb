"""Somebody or something that is gone from Discord, whose data goes after a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DepartureKind(StrEnum):
    """What is gone."""

    MESSAGE = "message"
    CHANNEL = "channel"  # or a thread
    MEMBER = "member"
    GUILD = "guild"  # the bot was removed from it


@dataclass(frozen=True, slots=True)
class Departure:
    """What is gone, and from when on (unix seconds) its data is to be deleted.

    place is the message's channel, or the member's server, or else empty; name is the id of what is
    gone.
    """

    kind: DepartureKind
    name: str
    place: str = ""
    due: float = 0.0
