"""Drafts of one clip, from which a person chooses: how they differ.

The draft of a candidate is made from the seed and the path of the whole clip, with fewer steps and
at a smaller size. Where an order leaves the camera's motion open, each candidate has another one;
where it leaves the speed open, another speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice

from storage.domain.camera.motion import Motion, Reading, Speed
from storage.domain.clip import Candidate
from storage.domain.request import SEED_LIMIT, GenerationRequest

SPEEDS = (Speed.NORMAL, Speed.SLOW, Speed.FAST)


def cameras(request: GenerationRequest, *, wide: bool, high: bool) -> tuple[Reading, ...]:
    """Return the camera's motion and speed of each candidate, as the options of an order.

    The first is what was ordered. wide and high tell whether the picture goes on beyond the clip's
    window, to the sides or above and below, so that a camera which goes there finds more of it.
    """
    camera, count = request.camera, request.candidates
    ordered = Reading(camera.motion, camera.speed)
    moves = camera.strength > 0.0 and not camera.keyframes
    if moves and not request.names_motion:
        others = (Reading(motion, camera.speed) for motion in _fitting(wide=wide, high=high))
        return (ordered, *islice(others, count - 1))
    reading = request.reading
    if moves and reading and reading.speed is Speed.NORMAL and reading.motion is not Motion.STATIC:
        return tuple(replace(ordered, speed=speed) for speed in islice(cycle(SPEEDS), count))
    return (ordered,) * count


def in_full(request: GenerationRequest, seed: int, camera: Reading) -> GenerationRequest:
    """Return the order of one candidate alone, in full, of the picture that the drafts are of."""
    options, reading = request.camera, request.reading
    if camera.motion is not options.motion:
        reading = camera
    elif reading is not None and camera.speed is not options.speed:
        reading = replace(reading, speed=camera.speed)
    return replace(
        request,
        seed=seed,
        camera=replace(options, motion=camera.motion, speed=camera.speed),
        reading=reading,
        candidates=1,
        drafts=None,
        text_to_image=None,
        picture_model=request.made_by,
    )


def seeds(request: GenerationRequest) -> tuple[int, ...]:
    """Return the seed of each candidate."""
    return tuple((request.seed + n) % (SEED_LIMIT + 1) for n in range(request.candidates))


def pick(candidates: Sequence[Candidate]) -> int:
    """Return the place of the judge's pick, counted from zero."""
    return max(range(len(candidates)), key=lambda place: candidates[place].score)


def _fitting(*, wide: bool, high: bool) -> list[Motion]:
    """Return the motions for an order that names none, those with more of the picture first."""
    across, down = [Motion.PAN_RIGHT, Motion.PAN_LEFT], [Motion.TILT_UP, Motion.TILT_DOWN]
    beyond = across * wide + down * high
    rest = [Motion.PAN_RIGHT, Motion.ZOOM_OUT, Motion.TILT_UP, Motion.PAN_LEFT, Motion.TILT_DOWN]
    order = [Motion.ZOOM_IN, *beyond, *rest, Motion.ROLL_CLOCKWISE]
    return list(dict.fromkeys(order))
