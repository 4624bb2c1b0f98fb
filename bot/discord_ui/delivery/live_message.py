"""The state of one job's message until its outcome was delivered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from bot.studio.wait_forecast import QueueEstimate
from storage.domain.advice import Advice
from storage.domain.delivery_state import DeliveryState, Way
from storage.domain.job import Job
from storage.domain.progress import Progress

# in seconds
FIRST_PAUSE = 3.0  # after a failed try, doubled by each further one
LONGEST_PAUSE = 60.0

RUNNING_WEIGHT = 20.0  # how much sooner a running job's message is edited than a waiting one's


@dataclass(slots=True)
class LiveMessage:
    """What a job's message should show, and since when it has not been edited.

    preview is the newest preview of a running job (animated WebP), posted_preview the one that the
    message has; no_previews is set where files were refused. The message is stale while it should
    be edited; the keys of stale_ids are the ids of all jobs whose messages are, the longest stale
    first, so that they are found among many. state is None until it was read from the database;
    failures counts failed edits in a row, after which the next one is made at retry_at (monotonic
    seconds). way is how the message was last edited or sent. found_clip tells whether the message
    that was found to show the outcome has the clip's file; None where none was found.
    """

    job: Job
    advice: tuple[Advice, ...] = ()
    progress: Progress | None = None
    estimate: QueueEstimate | None = None
    preview: bytes | None = None
    posted_preview: bytes | None = None
    no_previews: bool = False
    stale_ids: dict[str, None] = field(default_factory=dict)
    edited_at: float = 0.0
    state: DeliveryState | None = None
    way: Way | None = None
    found_clip: bool | None = None
    failures: int = 0
    retry_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Start stale."""
        self.stale = True

    @property
    def stale(self) -> bool:
        """Tell whether the message should be edited."""
        return self.job.id in self.stale_ids

    @stale.setter
    def stale(self, value: bool) -> None:
        if value:
            self.stale_ids.setdefault(self.job.id)
        else:
            self.stale_ids.pop(self.job.id, None)

    @property
    def preview_is_posted(self) -> bool:
        """Tell whether the message has the newest preview already."""
        return self.preview is not None and self.posted_preview == self.preview

    def set_job(self, job: Job) -> None:
        """Take a changed job; the progress of an earlier attempt is dropped."""
        if self.job.reply_to.message and not job.reply_to.message:
            job = replace(job, reply_to=self.job.reply_to)  # the change is older than the message
        self.job = job
        self.progress = self.preview = None
        self.stale = True

    def set_progress(self, progress: Progress) -> None:
        """Take a running job's progress."""
        self.progress = progress
        self.stale = True

    def set_preview(self, preview: bytes) -> None:
        """Take a newer preview."""
        if not self.no_previews:
            self.preview = preview
            self.stale = True

    def refuse_previews(self) -> None:
        """Let the message be edited without previews from now on."""
        self.no_previews = True
        self.preview = self.posted_preview = None
        self.stale = True

    def edit_failed(self, now: float) -> None:
        """Let the message be edited again after a pause."""
        self.posted_preview = None
        self.retry_at = now + pause(self.failures)
        self.failures += 1
        self.stale = True

    def urgency(self, now: float) -> float:
        """Return the priority of this message among those of its channel."""
        return (now - self.edited_at) * (RUNNING_WEIGHT if self.progress is not None else 1.0)


def pause(failures: int) -> float:
    """Return the seconds until the next try after so many failures before the latest."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 10))
