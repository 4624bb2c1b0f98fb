"""Sequence: several motions one after the other, as keyframes, and told back from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from storage.domain.camera.motion import Easing, Keyframe, Motion, Pose
from storage.domain.camera.path import PAN, REACH, ROLL, TILT, ZOOM_IN, ZOOM_OUT
from storage.domain.prompt.reading import Reading

LONGEST = 6  # steps in one clip
DIGITS = 4
_NOTICED = 0.05  # of a motion's usual way: less than this is no motion
_BESIDE = 0.5  # of the greatest motion: as much is told beside it

# What each motion adds to the pose: dx, dy, the zoom's logarithm, and roll.
_WAYS: Mapping[Motion, tuple[float, float, float, float]] = {
    Motion.STATIC: (0.0, 0.0, 0.0, 0.0),
    Motion.PAN_LEFT: (-PAN, 0.0, 0.0, 0.0),
    Motion.PAN_RIGHT: (PAN, 0.0, 0.0, 0.0),
    Motion.TILT_UP: (0.0, -TILT, 0.0, 0.0),
    Motion.TILT_DOWN: (0.0, TILT, 0.0, 0.0),
    Motion.ZOOM_IN: (0.0, 0.0, ZOOM_IN, 0.0),
    Motion.ZOOM_OUT: (0.0, 0.0, ZOOM_OUT, 0.0),
    Motion.ROLL_CLOCKWISE: (0.0, 0.0, 0.0, ROLL),
    Motion.ROLL_COUNTERCLOCKWISE: (0.0, 0.0, 0.0, -ROLL),
}
MOTIONS = frozenset(_WAYS)
"""The motions that a sequence may hold; shake and drift have no pose to arrive at."""


def keyframes(steps: Sequence[Sequence[Reading]]) -> tuple[Keyframe, ...]:
    """Return the keyframes of steps that share a clip evenly, each from where the last one ends.

    The motions of one step go together. Each step has less time than a whole clip gives it, so
    that it goes less far, though not as much.
    """
    share = 1.0 / math.sqrt(max(1, len(steps)))
    at = [0.0, 0.0, 0.0, 0.0]
    found = []
    for number, step in enumerate(steps, start=1):
        for reading in step:
            reach = share * REACH[reading.speed]
            at = [old + way * reach for old, way in zip(at, _WAYS[reading.motion], strict=True)]
        dx, dy, logarithm, roll = at
        shape = (dx, dy, math.exp(logarithm), roll)
        pose = Pose(*(round(value, DIGITS) for value in shape))
        found.append(Keyframe(round(number / len(steps), DIGITS), pose, Easing.EASE_IN_OUT))
    return tuple(found)


def at_odds(step: Sequence[Reading]) -> bool:
    """Tell whether motions of one step undo each other, as to zoom in and out at once."""
    ways = [_WAYS[reading.motion] for reading in step]
    return any(min(axis) < 0.0 < max(axis) for axis in zip(*ways, strict=True))


def motions(path: Sequence[Keyframe]) -> tuple[tuple[Motion, ...], ...]:
    """Return what a path shows from each keyframe to the next: the greatest motions first."""
    poses = [Pose(), *(keyframe.pose for keyframe in path)]
    told: list[tuple[Motion, ...]] = []
    for before, after in pairwise(poses):
        step = _told(before, after)
        if told[-1:] != [step]:
            told.append(step)
    return tuple(told)


def _told(before: Pose, after: Pose) -> tuple[Motion, ...]:
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
    if largest < _NOTICED:
        return (Motion.STATIC,)
    return tuple(motion for size, motion in ranked if size >= _BESIDE * largest)


def _size(way: float, less: Motion, more: Motion) -> tuple[float, Motion]:
    return abs(way), less if way < 0.0 else more
