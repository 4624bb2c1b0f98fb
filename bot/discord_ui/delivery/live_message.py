"""The state of one unfinished job's message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.studio.wait_forecast import QueueEstimate
from storage.domain.advice import Advice
from storage.domain.job import Job
from storage.domain.progress import Progress

RUNNING_WEIGHT = 20.0  # how much sooner a running job's message is edited than a waiting one's


@dataclass(slots=True)
class LiveMessage:
    """What a job's message should show, and since when it has not been edited.

    preview is the newest preview of a running job (animated WebP), posted_preview the one that the
    message has. The message is stale while it should be edited.
    """

    job: Job
    advice: tuple[Advice, ...] = ()
    progress: Progress | None = None
    estimate: QueueEstimate | None = None
    preview: bytes | None = None
    posted_preview: bytes | None = None
    stale: bool = True
    edited_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def preview_is_posted(self) -> bool:
        """Tell whether the message has the newest preview already."""
        return self.preview is not None and self.posted_preview == self.preview

    def set_job(self, job: Job) -> None:
        """Take a changed job; the progress of an earlier attempt is dropped."""
        self.job = job
        self.progress = self.preview = None
        self.stale = True

    def set_progress(self, progress: Progress) -> None:
        """Take a running job's progress."""
        self.progress = progress
        self.stale = True

    def set_preview(self, preview: bytes) -> None:
        """Take a newer preview."""
        self.preview = preview
        self.stale = True

    def edit_failed(self, preview: bytes | None) -> None:
        """Let the message be edited again, without the preview that the failed edit added."""
        if self.preview is preview and self.posted_preview != preview:
            self.preview = None
        self.posted_preview = None
        self.stale = True

    def urgency(self, now: float) -> float:
        """Return the priority of this message among those of its channel."""
        return (now - self.edited_at) * (RUNNING_WEIGHT if self.progress is not None else 1.0)
