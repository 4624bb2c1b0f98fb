"""Followed: one unfinished job's message: what it ought to show, and what it shows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.studio.wait_forecast import QueueEstimate
from storage.domain.advice import Advice
from storage.domain.job import Job
from storage.domain.progress import Progress

RUNNING_FIRST = 20.0  # a second without news weighs so much more on a running job's card


@dataclass(slots=True)
class LiveMessage:
    """What is known of one job's message.

    preview is the newest picture of a running job, posted the one that the message holds.
    """

    job: Job
    advice: tuple[Advice, ...] = ()
    progress: Progress | None = None
    wait: QueueEstimate | None = None
    preview: bytes | None = None
    posted: bytes | None = None
    stale: bool = True
    shown_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def holds_preview(self) -> bool:
        """Tell whether the newest preview is in the message already."""
        return self.preview is not None and self.posted == self.preview

    def begin(self, job: Job) -> None:
        """Take up a step of the job; what an earlier attempt showed is over."""
        self.job = job
        self.progress = self.preview = None
        self.stale = True

    def see(self, preview: bytes) -> None:
        """Take up a new preview."""
        self.preview = preview
        self.stale = True

    def fail(self, tried: bytes | None) -> None:
        """Try again after an edit that did not arrive, without the preview that it brought."""
        if self.preview is tried and self.posted != tried:
            self.preview = None
        self.posted = None
        self.stale = True

    def urgency(self, now: float) -> float:
        """Return how much this card wants its channel's next edit."""
        return (now - self.shown_at) * (RUNNING_FIRST if self.progress is not None else 1.0)
