"""What a job costs in credits, what a person may still spend today, and what was used.

One credit stands for one second of work on the reference hardware (one A100), where the full
model's default clip (512x512, 16 frames, 50 guided steps) takes about a minute.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from storage.domain.catalogue import QuotaRow
from storage.domain.errors import QuotaExceeded
from storage.domain.job import Status
from storage.domain.models.work import WORK_PER_CREDIT, WorkModel
from storage.domain.request import GenerationRequest, Preset

DAY = 86_400  # seconds
HANDLING = 4.0  # credits that every file costs: fetch, decode, score, encode, store
DRAFT_HANDLING = 0.5  # credits that every draft in a file costs: decode, score
RENDERED_PER_CREDIT = 8_000_000  # pixels x frames, rendered or finished on the processor
FULL_MODEL = WorkModel()
PICTURE_PIXELS = 1024 * 1024  # as the usual text-to-image models make them


def price(request: GenerationRequest, model: WorkModel = FULL_MODEL) -> int:
    """Return what a request costs, in credits, with a model of this much work.

    A clip that arrives at a picture is rendered from both, where it is rendered.

    Candidates among which the judge chooses cost as many clips, of which one is rendered. Drafts
    cost what they are made with, and are one file; only the chosen clip is finished. A picture that
    is made first costs as a frame of the full model does.
    """
    finishing = _finished_pixels(request) / RENDERED_PER_CREDIT
    if not request.generates:
        return math.ceil(HANDLING + finishing)
    preset = Preset.DRAFT if request.drafts else request.preset
    width, height = request.drafts or (request.width, request.height)
    pixels = width * height * request.frames
    shape = request.denoised
    denoised = shape.width * shape.height * shape.frames if shape else pixels
    work = model.credits(request, denoised, preset)
    pictures = 2 if request.end_picture else 1
    rendering = pictures * pixels / RENDERED_PER_CREDIT if shape else 0.0
    if request.drafts:
        drafts = request.candidates * (DRAFT_HANDLING + work + rendering)
        return math.ceil(HANDLING + drafts + _picture_work(request))
    segments = max(1, request.segment_count)
    made = segments * (request.candidates * (HANDLING + work) + rendering)
    return math.ceil(made + finishing + _picture_work(request))


def _picture_work(request: GenerationRequest) -> float:
    """Return the credits for a picture that is made first."""
    made = request.text_to_image
    if made is None:
        return 0.0
    passes = made.steps * (2 if made.guidance > 1.0 else 1)
    return PICTURE_PIXELS * passes / WORK_PER_CREDIT


def _finished_pixels(request: GenerationRequest) -> int:
    """Return how many pixels finishing makes, in all frames."""
    if request.finish is None:
        return 0
    width, height = request.size
    return width * height * request.finish.smoothed(request.made_frames, request.fps)


def day_of(moment: float) -> int:
    """Return the day, counted from 1970 in UTC, of a time in unix seconds."""
    return int(moment // DAY)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a person spent and reserved of today's limit, in credits, and how many jobs run.

    resets_at is in unix seconds: the next midnight in UTC.
    """

    spent: int
    reserved: int
    limit: int
    resets_at: float
    unfinished: int = 0

    @property
    def left(self) -> int:
        """Return how many credits may still be reserved today."""
        return max(0, self.limit - self.spent - self.reserved)


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Counts of jobs by status, credits, and the seconds that workers spent on finished clips.

    credits is what finished clips cost; saved is what clips from the cache would have cost.
    """

    counts: Mapping[Status, int]
    credits: int
    saved: int
    cached: int
    seconds: float
    owners: int
    start_seconds: float = 0.0
    idle_seconds: float = 0.0
    money: float = 0.0
    allowance: Allowance | None = None


@dataclass(frozen=True, slots=True)
class GuildUsage:
    """What the clips of one server took of GPUs, their shares of start and idle time included.

    guild is empty for orders from outside of servers. money is in US dollars.
    """

    guild: str
    seconds: float
    money: float


def check(allowance: Allowance, costs: Sequence[int], quota: QuotaRow, now: float) -> None:
    """Raise QuotaExceeded unless this person may order clips of all these costs now."""
    free = max(0, quota.unfinished_jobs - allowance.unfinished)
    affordable = sum(total <= allowance.left for total in accumulate(costs))
    fits = min(free, affordable)
    if fits >= len(costs):
        return
    several = {"count": len(costs), "fits": fits} if len(costs) > 1 else {}
    if free <= affordable:
        key = "quota_too_many_for_all" if several else "quota_too_many"
        raise QuotaExceeded(key, limit=quota.unfinished_jobs, **several)
    raise QuotaExceeded(
        "quota_spent_for_all" if several else "quota_spent",
        cost=sum(costs),
        left=allowance.left,
        limit=allowance.limit,
        resets_in=max(0, math.ceil(allowance.resets_at - now)),
        **several,
    )
