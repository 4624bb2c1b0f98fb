"""Values of placing an order: who orders, what is ordered, and what was accepted."""

from __future__ import annotations

from dataclasses import dataclass

from storage.domain.advice import Advice
from storage.domain.job import Job, ReplyTarget
from storage.domain.request import GenerationRequest


@dataclass(frozen=True, slots=True)
class Requester:
    """Who orders, in which language, where to answer, and the largest file in bytes there."""

    owner: str
    locale: str
    reply_to: ReplyTarget
    size_limit: int


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An admitted order that is not placed yet: the request, where to show it, and advice.

    picture is an upload that is not in the blob store yet (empty: it is there). parent is the id
    of the job that this one varies.
    """

    request: GenerationRequest
    reply_to: ReplyTarget
    picture: bytes = b""
    advice: tuple[Advice, ...] = ()
    parent: str = ""


@dataclass(frozen=True, slots=True)
class OrderReceipt:
    """A placed order: its job, and advice on it."""

    job: Job
    advice: tuple[Advice, ...] = ()

    @property
    def cached(self) -> bool:
        """Tell whether the clip came from the cache."""
        return self.job.cached
