"""Orders that make a finished clip anew: as what it was made of, and finished in the same way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from storage.domain.errors import BadRequest, JobGone
from storage.domain.finish import FACTORS, Finish
from storage.domain.job import Job
from storage.domain.prompt.reading import with_reading
from storage.domain.request import MOST_FRAMES, GenerationRequest

MOST_STEPS = 50
"""How many clips back the one is looked for that was made from a picture."""


async def remade(job: Job, get: Callable[[str], Awaitable[Job]]) -> GenerationRequest:
    """Return the order that makes a job's clip again; raise BadRequest where it is not known.

    get returns a job by its id. A story and an extension are longer than any clip that is made at
    once, so that they are made as the job was whose clip was finished.
    """
    request = job.request
    if request.generates:
        return request
    made = await _made(job, get)
    if made is None or not (made.segments or made.source):
        return generating(request)
    finish = _both(made.finish or Finish(), request.finish or Finish())
    return replace(made, finish=finish if finish.changes else None, container=request.container)


def generating(request: GenerationRequest) -> GenerationRequest:
    """Return what makes the clip that a request finishes, as far as that one tells.

    Raise BadRequest where the clip was longer than what is made at once, and no story.
    """
    if request.generates:
        return request
    frames = part_frames(request)
    if frames > MOST_FRAMES:
        raise BadRequest("request_remake")
    return with_reading(replace(request, source="", reading=None, frames=frames))


def part_frames(request: GenerationRequest) -> int:
    """Return how many frames are made at once for a clip: of a story, those of a segment."""
    if request.generates:
        return request.frames
    parts = request.stopped_after or len(request.segments) or 1
    return (request.frames - 1) // parts + 1


async def _made(job: Job, get: Callable[[str], Awaitable[Job]]) -> GenerationRequest | None:
    """Return the request of the clip that a job finished; None where it is deleted or unknown."""
    for _ in range(MOST_STEPS):
        if not job.parent:
            return None
        try:
            job = await get(job.parent)
        except JobGone:
            return None
        if job.request.generates:
            return job.request
    return None


def _both(first: Finish, then: Finish) -> Finish:
    """Return what finishes a clip in one way and then in another."""
    return Finish(
        upscale=min(first.upscale * then.upscale, FACTORS[-1]),
        fps=then.fps or first.fps,
        loop=first.loop or then.loop,
        reverse=first.reverse != then.reverse,
    )
