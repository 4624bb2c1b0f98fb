"""What a job costs in credits, what a person may still spend today, and what was used.

One credit stands for one second of work on the reference hardware (one A100), where the full
model's default clip (512x512, 16 frames, 50 guided steps) takes about a minute.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from operator import itemgetter

from storage.domain.catalogue import QuotaRow
from storage.domain.errors import QuotaExceeded
from storage.domain.job import Status
from storage.domain.models.work import WORK_PER_CREDIT, WorkModel
from storage.domain.request import GenerationRequest, Preset

DAY = 86_400  # seconds
EPOCH = date(1970, 1, 1).toordinal()
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


def month_of(moment: float) -> range:
    """Return the days, counted from 1970 in UTC, of the month of a time in unix seconds."""
    first = datetime.fromtimestamp(moment, UTC).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    start = first.toordinal() - EPOCH
    return range(start, start + (following - first).days)


@dataclass(frozen=True, slots=True)
class Budget:
    """What was spent and reserved of the credits of a day or a month; limit None: no limit.

    resets_at is in unix seconds: the midnight in UTC at which there are new ones.
    """

    spent: int
    reserved: int
    limit: int | None
    resets_at: float

    @property
    def left(self) -> int | None:
        """Return how many credits may still be reserved; None where there is no limit."""
        return None if self.limit is None else max(0, self.limit - self.spent - self.reserved)


@dataclass(frozen=True, slots=True)
class ServerAllowance:
    """What a person's roles in a server let them order there, and what they ordered there."""

    day: Budget
    month: Budget
    unfinished: int
    unfinished_limit: int | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a person spent and reserved of today's limit, in credits, and how many jobs run.

    All orders of a person count, wherever they were placed. resets_at is in unix seconds: the next
    midnight in UTC. month is the same over the month in UTC, None where it was not asked for.
    server is what counts in one server beside that, None where no role of theirs bounds it.
    """

    spent: int
    reserved: int
    limit: int
    resets_at: float
    unfinished: int = 0
    month: Budget | None = None
    server: ServerAllowance | None = None

    @property
    def today(self) -> Budget:
        """Return the credits of today."""
        return Budget(self.spent, self.reserved, self.limit, self.resets_at)

    @property
    def left(self) -> int:
        """Return how many credits may still be reserved today."""
        return self.today.left or 0


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


def check(allowance: Allowance, costs: Sequence[int], quota: QuotaRow, now: float) -> None:
    """Raise QuotaExceeded unless this person may order clips of all these costs now.

    Of several limits, the one that fits the fewest is told.
    """
    counts: list[tuple[str, int | None, int]] = [
        ("too_many", quota.unfinished_jobs, allowance.unfinished)
    ]
    budgets = [("spent", allowance.today), ("spent_month", allowance.month)]
    if (server := allowance.server) is not None:
        counts.append(("here_too_many", server.unfinished_limit, server.unfinished))
        budgets += [("here_spent", server.day), ("here_spent_month", server.month)]
    totals = list(accumulate(costs))
    bounds: list[tuple[int, str, dict[str, int]]] = [
        (max(0, limit - unfinished), key, {"limit": limit})
        for key, limit, unfinished in counts
        if limit is not None
    ]
    for key, budget in budgets:
        if budget is not None and budget.limit is not None and budget.left is not None:
            resets_in = max(0, math.ceil(budget.resets_at - now))
            facts = {"left": budget.left, "limit": budget.limit, "resets_in": resets_in}
            fits = sum(total <= budget.left for total in totals)
            bounds.append((fits, key, facts | {"cost": sum(costs)}))
    fits, key, facts = min(bounds, key=itemgetter(0))
    if fits >= len(costs):
        return
    if len(costs) > 1:
        raise QuotaExceeded(f"quota_{key}_for_all", **facts, count=len(costs), fits=fits)
    raise QuotaExceeded(f"quota_{key}", **facts)
