"""Wish: one clip that somebody asks for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from storage.domain.advice import Advice
from storage.domain.job import Job, Place
from storage.domain.request import GenerationRequest


@dataclass(frozen=True, slots=True)
class Customer:
    """Who orders, in which language, where the answer goes, and how large a file may be there."""

    owner: str
    locale: str
    place: Place
    size_limit: int


@dataclass(frozen=True, slots=True)
class Wish:
    """A clip that may be ordered: what is asked, where it is to be shown, and hints on it.

    picture is an upload that is not in the store yet; parent is the job that this one varies.
    """

    request: GenerationRequest
    place: Place
    picture: bytes = b""
    advice: tuple[Advice, ...] = ()
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """An order that was taken: its job, and advice on it."""

    job: Job
    advice: tuple[Advice, ...] = ()

    @property
    def cached(self) -> bool:
        """Tell whether the clip was there already."""
        return self.job.cached
