"""Keyframes of several motions that follow each other, and the motions that keyframes show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from storage.domain.camera.motion import Easing, Keyframe, Motion, Pose, Reading, start_of
from storage.domain.camera.path import DELTAS, PAN, ROLL, SPEED_FACTOR, TILT, ZOOM_IN

LONGEST = 6  # steps in one clip
DIGITS = 4  # of a keyframe's numbers
_NEGLIGIBLE = 0.05  # of a motion's usual amount: less is no motion
_SECONDARY = 0.5  # of the largest motion: as much is named beside it

MOTIONS = frozenset(DELTAS)
"""The motions that a sequence may hold; shake and drift have no end pose."""


def keyframes(steps: Sequence[Sequence[Reading]]) -> tuple[Keyframe, ...]:
    """Return one keyframe a step, at even times, each relative to the pose before it.

    The motions of one step are added up. A step goes 1 / sqrt(steps) as far as in a clip of its
    own, since it has less time.
    """
    share = 1.0 / math.sqrt(max(1, len(steps)))
    total = [0.0, 0.0, 0.0, 0.0]
    found = []
    for number, step in enumerate(steps, start=1):
        for reading in step:
            amount = share * SPEED_FACTOR[reading.speed]
            deltas = DELTAS[reading.motion]
            total = [old + delta * amount for old, delta in zip(total, deltas, strict=True)]
        dx, dy, logarithm, roll = total
        shape = (dx, dy, math.exp(logarithm), roll)
        pose = Pose(*(round(value, DIGITS) for value in shape))
        found.append(Keyframe(round(number / len(steps), DIGITS), pose, Easing.EASE_IN_OUT))
    return tuple(found)


def contradicts_itself(step: Sequence[Reading]) -> bool:
    """Tell whether motions of one step undo each other, such as zooming in and out at once."""
    deltas = [DELTAS[reading.motion] for reading in step]
    return any(min(axis) < 0.0 < max(axis) for axis in zip(*deltas, strict=True))


def motions(path: tuple[Keyframe, ...]) -> tuple[tuple[Motion, ...], ...]:
    """Return the motions between keyframes, the largest first; equal neighbours are merged."""
    poses = [start_of(path), *(keyframe.pose for keyframe in path if keyframe.time > 0.0)]
    steps: list[tuple[Motion, ...]] = []
    for before, after in pairwise(poses):
        step = _motions_between(before, after)
        if steps[-1:] != [step]:
            steps.append(step)
    return tuple(steps) or ((Motion.STATIC,),)


def _motions_between(before: Pose, after: Pose) -> tuple[Motion, ...]:
    sizes = (
        _size((after.dx - before.dx) / PAN, Motion.PAN_LEFT, Motion.PAN_RIGHT),
        _size((after.dy - before.dy) / TILT, Motion.TILT_UP, Motion.TILT_DOWN),
        _size(math.log(after.zoom / before.zoom) / ZOOM_IN, Motion.ZOOM_OUT, Motion.ZOOM_IN),
        _size(
            (after.roll - before.roll) / ROLL, Motion.ROLL_COUNTERCLOCKWISE, Motion.ROLL_CLOCKWISE
        ),
    )
    ranked = sorted(sizes, key=lambda size: -size[0])
    largest = ranked[0][0]
    if largest < _NEGLIGIBLE:
        return (Motion.STATIC,)
    return tuple(motion for size, motion in ranked if size >= _SECONDARY * largest)


def _size(amount: float, negative: Motion, positive: Motion) -> tuple[float, Motion]:
    return abs(amount), negative if amount < 0.0 else positive
