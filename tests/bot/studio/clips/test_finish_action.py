"""Each thing that may be done to a finished clip is an order of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.clips.finish_action import FinishAction, finish_request, rendered_larger
from storage.domain.camera.motion import Motion, Reading
from storage.domain.clip import Container
from storage.domain.errors import BadRequest, JobGone
from storage.domain.finish import Finish
from storage.domain.job import Job, Status
from storage.domain.request import DenoisedShape
from tests.support.catalogue.admission import CATALOGUE
from tests.support.examples import CLIP, JOB, REQUEST

DONE = replace(JOB, status=Status.DONE, clip=CLIP)
RENDERED = replace(
    REQUEST, width=512, height=512, frames=60, fps=24, denoised=DenoisedShape(128, 128, 16)
)
RENDERED_JOB = replace(
    DONE, request=RENDERED, clip=replace(CLIP, width=512, height=512, frames=60, fps=24, seed=9)
)
MODEL = CATALOGUE.model("embedded")


def after(job: Job, action: FinishAction) -> Job:
    """Return the finished job of this order."""
    request = finish_request(job, action)
    width, height = request.size
    clip = replace(CLIP, blob="d" * 64, width=width, height=height)
    return replace(job, request=request, clip=clip, parent=job.id)


@pytest.mark.parametrize(
    ("action", "finish"),
    [
        (FinishAction.UPSCALE_2, Finish(upscale=2)),
        (FinishAction.UPSCALE_4, Finish(upscale=4)),
        (FinishAction.SMOOTH, Finish(fps=24)),
        (FinishAction.LOOP, Finish(loop=True)),
        (FinishAction.REVERSE, Finish(reverse=True)),
        (FinishAction.GIF, Finish()),
    ],
)
def test_a_clip_is_changed_from_its_own_file(action: FinishAction, finish: Finish) -> None:
    request = finish_request(DONE, action)
    assert request.finish == finish
    assert not request.generates
    assert (request.source, request.seed, request.prompt) == (CLIP.blob, CLIP.seed, REQUEST.prompt)
    assert (request.frames, request.fps) == (CLIP.frames, CLIP.fps)
    assert request.container is (Container.GIF if action is FinishAction.GIF else Container.MP4)


def test_what_was_done_before_is_kept_and_done_from_the_first_file() -> None:
    job = after(after(DONE, FinishAction.UPSCALE_2), FinishAction.REVERSE)
    assert job.request.finish == Finish(upscale=2, reverse=True)
    assert job.request.source == CLIP.blob
    assert finish_request(job, FinishAction.WEBP).finish == job.request.finish
    assert finish_request(job, FinishAction.REVERSE).finish == Finish(upscale=2)


def test_a_clip_that_a_model_made_and_finished_is_changed_as_it_is() -> None:
    made = replace(DONE, request=replace(REQUEST, finish=Finish(upscale=2, reverse=True)))
    clip = replace(CLIP, width=256, height=256, motion=Motion.ZOOM_OUT)
    request = finish_request(replace(made, clip=clip), FinishAction.LOOP)
    assert (request.size, request.finish) == ((256, 256), Finish(loop=True))
    assert request.reading == Reading(Motion.ZOOM_OUT)


def test_a_slow_clip_is_smoothed_to_24_frames_and_a_quick_one_doubled() -> None:
    smooth = after(DONE, FinishAction.SMOOTH)
    assert smooth.request.finish == Finish(fps=24)
    smoother = finish_request(smooth, FinishAction.SMOOTH)
    assert smoother.finish == Finish(fps=48)
    smoothest = after(after(smooth, FinishAction.SMOOTH), FinishAction.SMOOTH)
    assert smoothest.request.finish == Finish(fps=60)
    with pytest.raises(BadRequest, match="request_smooth_enough"):
        finish_request(smoothest, FinishAction.SMOOTH)


def test_what_cannot_be_done_is_refused_in_words() -> None:
    large = after(DONE, FinishAction.UPSCALE_2)
    with pytest.raises(BadRequest, match="request_upscaled_enough"):
        finish_request(large, FinishAction.UPSCALE_4)
    with pytest.raises(BadRequest, match="request_upscaled_size"):
        finish_request(
            replace(DONE, clip=replace(CLIP, width=1024, height=1024)), FinishAction.UPSCALE_4
        )
    with pytest.raises(JobGone):
        finish_request(replace(DONE, clip=None), FinishAction.LOOP)


def test_a_rendered_clip_of_a_large_picture_is_rendered_at_twice_its_size() -> None:
    wanted = finish_request(RENDERED_JOB, FinishAction.UPSCALE_2)
    larger = rendered_larger(RENDERED_JOB, wanted, MODEL, (2000, 1500))
    assert larger == replace(RENDERED, width=1024, height=1024, seed=9)
    assert larger.generates
    wanted = finish_request(RENDERED_JOB, FinishAction.UPSCALE_4)
    larger = rendered_larger(RENDERED_JOB, wanted, MODEL, (2000, 1500))
    assert larger == replace(RENDERED, width=1024, height=1024, seed=9, finish=Finish(upscale=2))


def test_a_reversed_clip_is_rendered_larger_and_reversed_again() -> None:
    job = replace(
        after(RENDERED_JOB, FinishAction.REVERSE),
        clip=replace(CLIP, width=512, height=512, motion=Motion.ZOOM_OUT),
    )
    larger = rendered_larger(job, finish_request(job, FinishAction.UPSCALE_2), MODEL, (2000, 2000))
    assert larger is not None
    assert (larger.source, larger.finish) == ("", Finish(reverse=True))
    assert (larger.width, larger.reading) == (1024, Reading(Motion.ZOOM_IN))


@pytest.mark.parametrize(
    ("job", "picture"),
    [
        (RENDERED_JOB, (700, 2000)),  # it has no more detail
        (DONE, (2000, 2000)),  # the model made each pixel
        (replace(RENDERED_JOB, clip=CLIP), (2000, 2000)),  # it was shrunk to a size limit
        (after(RENDERED_JOB, FinishAction.UPSCALE_2), (4000, 4000)),
        (
            replace(
                RENDERED_JOB,
                request=replace(RENDERED, width=768, height=768),
                clip=replace(CLIP, width=768, height=768),
            ),
            (4000, 4000),  # larger than the model's largest
        ),
    ],
)
def test_any_other_clip_is_upscaled(job: Job, picture: tuple[int, int]) -> None:
    wanted = replace(job.request, source=CLIP.blob, finish=Finish(upscale=2))
    assert rendered_larger(job, wanted, MODEL, picture) is None
