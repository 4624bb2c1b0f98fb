"""Company: which orders may share the engine's forward passes.

Only first attempts do, and only of one clip each. Whoever made a child fall has not taken others
with it a second time, and an attempt that is made again is made alone: byte for byte as if nobody
else had been there. A clip made in company is the clip of its seed up to rounding (1e-3 of its
latents), so its bytes depend on who else waited. Nobody sees two versions of it: the first is the
one that is kept, and the cache gives it to whoever asks for the same again.
"""

from __future__ import annotations

from collections.abc import Callable

from storage.domain.company import kind, may_share
from storage.domain.request import GenerationRequest
from storage.queue.messages import Order
from storage.queue.slots import Company

Widths = Callable[[GenerationRequest], tuple[int, ...]]
"""How many clips like this one a pass may hold so that it pays, ascending; empty for one alone."""


def companies(widths: Widths) -> Callable[[Order], Company | None]:
    """Return what tells whose company an order's turn may have, where it pays."""

    def company(order: Order) -> Company | None:
        if not may_share(order.request, order.attempt):
            return None
        sizes = widths(order.request)
        return Company(kind(order.request), sizes) if sizes else None

    return company
