"""What a person may let be done to a finished clip, each as an order of its own."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from storage.domain.camera.motion import Reading, Speed
from storage.domain.catalogue import Model
from storage.domain.clip import Container
from storage.domain.errors import BadRequest, JobGone
from storage.domain.finish import FACTORS, MOST_FPS, Finish
from storage.domain.job import Job
from storage.domain.prompt.reading import with_reading
from storage.domain.request import MOST_FRAMES, GenerationRequest

SMOOTH_FPS = 24
LARGER = 1.1
"""How many of the pixels of a model's largest resolution a larger clip may have; sides are rounded.
"""
MORE_DETAIL = 1.5
"""How many times a clip's size its picture has to have, so that it is rendered anew from it."""


class FinishAction(StrEnum):
    """One entry of the menu under a clip."""

    UPSCALE_2 = "upscale_2"
    UPSCALE_4 = "upscale_4"
    SMOOTH = "smooth"
    LOOP = "loop"
    REVERSE = "reverse"
    MP4 = "mp4"
    GIF = "gif"
    WEBP = "webp"


def finish_request(job: Job, action: FinishAction) -> GenerationRequest:
    """Return the order of a finished clip with one more thing done to it; raise BadRequest.

    A clip that was finished before is finished from its source again, so that its pixels are
    encoded only once.
    """
    request = base_request(job)
    finish = request.finish or Finish()
    match action:
        case FinishAction.UPSCALE_2:
            finish = _upscaled(finish, 2)
        case FinishAction.UPSCALE_4:
            finish = _upscaled(finish, 4)
        case FinishAction.SMOOTH:
            finish = replace(finish, fps=_smoother(max(request.fps, finish.fps)))
        case FinishAction.LOOP:
            finish = replace(finish, loop=True)
        case FinishAction.REVERSE:
            finish = replace(finish, reverse=not finish.reverse)
        case FinishAction.MP4 | FinishAction.GIF | FinishAction.WEBP:
            request = replace(request, container=Container(action.value))
    return replace(request, finish=finish)


def base_request(job: Job) -> GenerationRequest:
    """Return the order that changes nothing of a job's clip yet; raise JobGone without a clip."""
    request, clip = job.request, job.clip
    if clip is None:
        raise JobGone("job_over", status=job.status.value)
    if not request.generates:
        return request
    speed = request.reading.speed if request.reading else Speed.NORMAL
    return replace(
        request,
        source=clip.blob,
        width=clip.width,
        height=clip.height,
        frames=clip.frames,
        fps=clip.fps,
        seed=clip.seed,
        candidates=1,
        reading=Reading(clip.motion, speed),
        finish=Finish(),
    )


def rendered_larger(
    job: Job, wanted: GenerationRequest, model: Model, picture: tuple[int, int]
) -> GenerationRequest | None:
    """Return the order that renders a clip at twice its size from its picture's own pixels.

    picture is that picture's (width, height). None where the model's clips are not rendered from
    it, where it has no more detail, or where the model's clips are not so large. What is left of
    the wanted finish is done to the larger clip.
    """
    made, clip = job.request, job.clip
    finish = wanted.finish or Finish()
    if clip is None or made.denoised is None or (clip.width, clip.height) != made.size:
        return None
    if (made.finish or Finish()).upscale > 1 or made.frames > MOST_FRAMES:
        return None
    width, height = 2 * made.width, 2 * made.height
    seen = min(picture[0], picture[1] * made.width / made.height)
    largest = max(model.resolutions.values()) ** 2
    if seen < MORE_DETAIL * made.width or width * height > LARGER * largest:
        return None
    left = replace(finish, upscale=finish.upscale // 2)
    larger = replace(
        made,
        source="",
        width=width,
        height=height,
        seed=clip.seed,
        candidates=1,
        finish=left if left.changes else None,
    )
    return larger if made.generates else with_reading(replace(larger, reading=None))


def _upscaled(finish: Finish, factor: int) -> Finish:
    if finish.upscale * factor > FACTORS[-1]:
        raise BadRequest("request_upscaled_enough", factor=FACTORS[-1])
    return replace(finish, upscale=finish.upscale * factor)


def _smoother(fps: int) -> int:
    """Return how many frames a second a smoother clip has; raise BadRequest for the smoothest."""
    if fps >= MOST_FPS:
        raise BadRequest("request_smooth_enough", fps=fps)
    return SMOOTH_FPS if fps < SMOOTH_FPS else min(2 * fps, MOST_FPS)
