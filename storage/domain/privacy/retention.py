"""For how long, and up to which size, clips are kept."""

from __future__ import annotations

from dataclasses import dataclass

WAITING_DAYS = 30
"""For how long at least an outcome is kept that waits until its owner fetches it."""


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """The operator's rules; 0 is for as long, or as much, as there is.

    days is for how long an order is kept after its end. most_bytes is what the blob store may hold
    before the oldest orders are deleted. grace_days is how long the data of what is gone from
    Discord is kept. audit_days is how long the records of the audit log are.
    """

    days: int = 0
    most_bytes: int = 0
    grace_days: float = 7.0
    audit_days: int = 0


def shorter(*days: int) -> int:
    """Return the fewest days of those that bound anything, 0 where none does."""
    return min((one for one in days if one), default=0)
