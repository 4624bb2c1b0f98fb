"""A story: several clips as one order, each of which opens with the last frame of the one before.

The request that a job has in the database says how many segments are to be made: an order that is
stopped early, by a person or by a failure, becomes one of those that are made already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from storage.domain.camera.motion import Camera
from storage.domain.prompt.reading import resolve
from storage.domain.request import SEED_LIMIT, GenerationRequest, Segment

LEAST_SEGMENTS = 2


def prompts_in(text: str) -> list[str]:
    """Return the prompts of a story, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def with_segments(request: GenerationRequest, cameras: Sequence[Camera]) -> GenerationRequest:
    """Return a request as a story with one segment for each line of its prompt.

    cameras has one for each line; what each line says of the camera is read here.
    """
    prompts = prompts_in(request.prompt)
    segments = [
        Segment(
            prompt,
            camera,
            None if camera.keyframes else resolve(camera, prompt, request.negative_prompt),
        )
        for prompt, camera in zip(prompts, cameras, strict=True)
    ]
    text = "\n".join(prompts)
    return replace(request, prompt=text, reading=None, segments=tuple(segments))


def segment_of(
    request: GenerationRequest, index: int, picture: str, source: str
) -> GenerationRequest:
    """Return the request of one segment, of seeds that no other segment has.

    picture is what it opens with, source the clip that it goes on from; both are blob keys.
    """
    segment = request.segments[index]
    return replace(
        request,
        picture=picture,
        source=source,
        prompt=segment.prompt,
        camera=segment.camera,
        reading=segment.reading,
        seed=(request.seed + index * request.candidates) % (SEED_LIMIT + 1),
        segments=(),
        stopped_after=0,
    )


def title_of(request: GenerationRequest) -> str:
    """Return the prompt of a request in one line, those of a story with arrows between.

    Where there is none, because the model reads none, it is the model's name.
    """
    prompts = [segment.prompt for segment in request.segments]
    return " → ".join(prompts) if prompts else request.prompt or request.model
