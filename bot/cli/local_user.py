"""The person at the terminal as a requester: one owner, whom only the hardware limits."""

from __future__ import annotations

from bot.studio.orders.order_draft import Requester
from storage.domain.catalogue import QuotaRow
from storage.domain.job import ReplyTarget

OWNER = FRONT = "cli"
SIZE_LIMIT = 1 << 30  # bytes
UNLIMITED = QuotaRow(credits_per_day=10**9, unfinished_jobs=10**6)


def local_user(locale: str) -> Requester:
    """Return the person at the terminal."""
    return Requester(OWNER, locale, ReplyTarget(front=FRONT), SIZE_LIMIT)
