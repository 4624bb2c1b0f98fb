"""Who places an order, and an order before it is placed."""

from __future__ import annotations

from dataclasses import dataclass

from storage.domain.advice import Advice
from storage.domain.job import ReplyTarget
from storage.domain.request import GenerationRequest
from storage.domain.trust.place import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class Requester:
    """Who orders, in which language, where to answer, and the largest file in bytes there.

    begun_order is the id by which the order was recorded as begun before it was acknowledged.
    place is where they order, which need not be where they are answered.
    """

    owner: str
    locale: str
    reply_to: ReplyTarget
    size_limit: int
    begun_order: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An admitted order that is not placed yet: the request, where to show it, and advice.

    picture and end_picture are uploads that are not in the blob store yet (empty: they are there,
    or there is none). parent is the id of the job that this one varies.
    """

    request: GenerationRequest
    reply_to: ReplyTarget
    picture: bytes = b""
    advice: tuple[Advice, ...] = ()
    parent: str = ""
    end_picture: bytes = b""

    @property
    def uploads(self) -> tuple[bytes, ...]:
        """Return what is to be put into the blob store."""
        return tuple(filter(None, (self.picture, self.end_picture)))
