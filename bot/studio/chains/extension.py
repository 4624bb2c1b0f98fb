"""Orders of clips that go on from a finished one."""

from __future__ import annotations

from dataclasses import replace

from bot.studio.camera_options import going_on_from
from bot.studio.clips.end_picture import END_PICTURE
from bot.studio.option_table import STORY
from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from storage.domain.clip import Clip
from storage.domain.errors import BadRequest
from storage.domain.job import Job
from storage.domain.prompt.story import prompts_in
from storage.domain.request import MOST_SOURCE_FRAMES, GenerationRequest

AFTERWARDS = ("upscale", "smooth", "playback")
FIXED = ("resolution", "fps", *AFTERWARDS)
"""The options of which both parts have one value, and those of what is done afterwards."""


def extension_options(admission: Admission, job: Job) -> Options:
    """Return the options of an order that goes on as a finished clip was made; they have no seed.

    Raise BadRequest where the job has no clip.
    """
    clip, request = _clip_of(job), job.request
    camera = going_on_from(request.camera, request.width / request.height)
    going_on = replace(request, camera=camera)
    options = admission.options_of(going_on).replace(fps=clip.fps, seed=None)
    if request.segments:
        options = options.replace(prompt=prompts_in(request.prompt)[-1])
    return options.replace(**{STORY: 0, END_PICTURE: None})


def extension_of(admission: Admission, job: Job, options: Options, seed: int) -> GenerationRequest:
    """Return the request of a clip that goes on from a job's clip; raise BadRequest."""
    clip, old = _clip_of(job), job.request
    options = options.replace(fps=clip.fps, **dict.fromkeys(AFTERWARDS))
    options = options.replace(**{STORY: 0, END_PICTURE: None})
    request = _going_on(admission, _of_picture(admission, options, old, seed), old, clip.blob)
    if clip.frames + request.frames - 1 > MOST_SOURCE_FRAMES:
        raise BadRequest("request_chain_too_long", frames=clip.frames, limit=MOST_SOURCE_FRAMES)
    return request


def tweaked(
    admission: Admission, old: GenerationRequest, options: Options, seed: int
) -> GenerationRequest:
    """Return the request of a clip of the same picture, or that goes on from the same clip."""
    size = (old.width, old.height)
    if not old.picture:  # none was made
        reads_prompt = any(one.name == "prompt" for one in admission.options_for(old.model))
        if not reads_prompt and not options.get("prompt"):  # the form has no line for it
            options = options.replace(prompt=old.prompt)
        return admission.imagine(options, size, seed)
    if not old.source or not old.generates:
        return _of_picture(admission, options, old, seed)
    options = options.replace(fps=old.fps, **dict.fromkeys(AFTERWARDS))
    return _going_on(admission, _of_picture(admission, options, old, seed), old, old.source)


def _of_picture(
    admission: Admission, options: Options, old: GenerationRequest, seed: int
) -> GenerationRequest:
    """Return the request of a clip of another's picture; raise BadRequest."""
    request = admission.admit(options, old.picture, (old.width, old.height), seed)
    return replace(request, picture_model=old.made_by)


def _going_on(
    admission: Admission, request: GenerationRequest, old: GenerationRequest, source: str
) -> GenerationRequest:
    """Return a request as one that goes on from a clip of another's size; raise BadRequest."""
    model = admission.catalogue.model(request.model)
    width, height = old.width, old.height
    if request.model != old.model and not model.makes(width, height):
        size = {"width": width, "height": height}
        raise BadRequest("request_other_size", model=model.name, **size)
    denoised = model.denoised(width, height, request.frames)
    request = replace(request, width=width, height=height, denoised=denoised)
    request = replace(request, source=source, drafts=None)
    admission.check(request)
    return request


def _clip_of(job: Job) -> Clip:
    if job.clip is None:
        raise BadRequest("request_extend_no_clip")
    if job.clip.candidates:
        raise BadRequest("request_choose_first")
    return job.clip
