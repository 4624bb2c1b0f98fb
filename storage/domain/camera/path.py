"""The camera path of a clip: one pose per frame, from a motion, a speed and a seed.

Conditioning on a path is so strong that clips of different seeds would look alike. So the seed
varies the amplitude, the speed profile and the centre; the sign of the named motion, and that it
outweighs all others, never change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from random import Random

from storage.domain.camera.motion import Camera, Easing, Keyframe, Motion, Pose, Reading, Speed

# What a clip of normal speed reaches at its end.
ZOOM_IN = math.log(1.35)
ZOOM_OUT = math.log(0.74)
PAN = 0.22  # of the window's width
TILT = 0.22  # of the window's height
ROLL = 14.0  # degrees
SHAKE_SHIFT = 0.02  # of the window's sides, at the peak
SHAKE_ROLL = 0.6  # degrees, at the peak
SHAKE_FPS = 8.0  # frames a second at which the shake's rates, per frame, were chosen
DRIFT_ZOOM = math.log(1.06)
DRIFT_SHIFT = 0.03

SPEED_FACTOR: Mapping[Speed, float] = {Speed.SLOW: 0.5, Speed.NORMAL: 1.0, Speed.FAST: 1.6}
_SPREAD = 0.15  # the seed changes the amplitude by at most this share
_CENTRE = 0.2  # how far the seed moves a zoom's fixed point, in fractions of the window
_DEVIATION = 0.025  # how far the seed lets a pan or tilt deviate across its direction
_DIGITS = 9  # hides the last bits, in which mathematics libraries differ

# What each motion adds to the pose in a clip of normal speed: dx, dy, the zoom's logarithm, roll.
DELTAS: Mapping[Motion, tuple[float, float, float, float]] = {
    Motion.ZOOM_IN: (0.0, 0.0, ZOOM_IN, 0.0),
    Motion.ZOOM_OUT: (0.0, 0.0, ZOOM_OUT, 0.0),
    Motion.PAN_LEFT: (-PAN, 0.0, 0.0, 0.0),
    Motion.PAN_RIGHT: (PAN, 0.0, 0.0, 0.0),
    Motion.TILT_UP: (0.0, -TILT, 0.0, 0.0),
    Motion.TILT_DOWN: (0.0, TILT, 0.0, 0.0),
    Motion.ROLL_CLOCKWISE: (0.0, 0.0, 0.0, ROLL),
    Motion.ROLL_COUNTERCLOCKWISE: (0.0, 0.0, 0.0, -ROLL),
    Motion.STATIC: (0.0, 0.0, 0.0, 0.0),
}
"""Shake and drift have no end pose."""


def plan(
    camera: Camera,
    reading: Reading,
    seed: int,
    frames: int,
    fps: float = SHAKE_FPS,
    *,
    continues: bool = False,
) -> tuple[Pose, ...]:
    """Return one pose per frame; the first is the identity, unless a keyframe at 0 differs.

    Any number of frames shows the same path; only a shake is as quick at any number a second.

    The camera's keyframes, where there are any, replace the reading. A path that continues a clip
    never sets off faster than it goes on. The same arguments give the same poses on every machine.
    """
    if camera.keyframes:
        return _interpolate_all(camera.keyframes, frames)
    random = Random(seed)
    amount = SPEED_FACTOR[reading.speed] * random.uniform(1.0 - _SPREAD, 1.0 + _SPREAD)
    if reading.motion is Motion.STATIC:
        return (Pose(),) * frames
    if reading.motion is Motion.SHAKE:
        return _shake(random, amount, frames, SHAKE_FPS / fps)
    profile = _speed_profile(random, 1.0 if continues else 0.0)
    pose_at = _trajectory(reading.motion, random, amount)
    return tuple(pose_at(profile(time)) for time in _times(frames))


def _times(frames: int) -> list[float]:
    return [index / max(1, frames - 1) for index in range(frames)]


def _speed_profile(random: Random, least: float) -> Callable[[float], float]:
    """Return a rising curve from (0, 0) to (1, 1): the share of the way at each time.

    Its power is `least` or more; below 1 it begins steeply.
    """
    power = max(least, random.uniform(0.75, 1.45))
    softness = random.uniform(0.0, 0.8)

    def curve(time: float) -> float:
        smooth = time * time * (3.0 - 2.0 * time)
        return math.pow((1.0 - softness) * time + softness * smooth, power)

    return curve


def _trajectory(motion: Motion, random: Random, amount: float) -> Callable[[float], Pose]:
    """Return the function from a share of the way (0..1) to the pose there."""
    if motion in (Motion.ZOOM_IN, Motion.ZOOM_OUT):
        logarithm = DELTAS[motion][2] * amount
        centre = (random.uniform(-_CENTRE, _CENTRE), random.uniform(-_CENTRE, _CENTRE))
        return lambda share: _zoomed(logarithm * share, centre)
    if motion in DELTAS:
        return _straight(motion, random, amount)
    angle = random.uniform(0.0, 2.0 * math.pi)
    dx, dy = (DRIFT_SHIFT * amount * part for part in (math.cos(angle), math.sin(angle)))
    return lambda share: _pose(dx * share, dy * share, DRIFT_ZOOM * amount * share, 0.0)


def _straight(motion: Motion, random: Random, amount: float) -> Callable[[float], Pose]:
    dx, dy, _, roll = (value * amount for value in DELTAS[motion])
    side, lift = (random.uniform(-_DEVIATION, _DEVIATION) * amount for _ in range(2))

    def pose_at(share: float) -> Pose:
        return _pose(
            dx * share + (side * share if dx == 0.0 else 0.0),
            dy * share + (lift * share if dy == 0.0 else 0.0),
            0.0,
            roll * share,
        )

    return pose_at


def _zoomed(logarithm: float, centre: tuple[float, float]) -> Pose:
    """Return the pose of a zoom that leaves one point of the picture where it is."""
    shift = 1.0 - math.exp(-logarithm)
    return _pose(centre[0] * shift, centre[1] * shift, logarithm, 0.0)


def _pose(dx: float, dy: float, logarithm: float, roll: float) -> Pose:
    return Pose(
        round(dx, _DIGITS),
        round(dy, _DIGITS),
        round(math.exp(logarithm), _DIGITS),
        round(roll, _DIGITS),
    )


def _shake(random: Random, amount: float, frames: int, pace: float) -> tuple[Pose, ...]:
    """Return the poses of a hand-held camera: band-limited noise of zero mean, from identity.

    pace is how much of a frame at SHAKE_FPS passes from one frame to the next.
    """
    peaks = (SHAKE_SHIFT, SHAKE_SHIFT, SHAKE_ROLL)
    dx, dy, roll = (_noise(random, peak * amount, frames, pace) for peak in peaks)
    return tuple(_pose(x, y, 0.0, angle) for x, y, angle in zip(dx, dy, roll, strict=True))


def _noise(random: Random, peak: float, frames: int, pace: float) -> list[float]:
    waves = [
        (random.uniform(0.14, 0.36), random.uniform(0.0, 2.0 * math.pi), random.uniform(0.5, 1.0))
        for _ in range(4)
    ]
    raw = [
        sum(
            height * math.sin(2.0 * math.pi * rate * index * pace + phase)
            for rate, phase, height in waves
        )
        for index in range(frames)
    ]
    onset = [min(1.0, index * pace / 2.0) for index in range(frames)]
    mean = sum(part * value for part, value in zip(onset, raw, strict=True)) / (sum(onset) or 1.0)
    level = [part * (value - mean) for part, value in zip(onset, raw, strict=True)]
    largest = max(map(abs, level))
    return [value * peak / largest if largest > 0.0 else 0.0 for value in level]


def _interpolate_all(keyframes: tuple[Keyframe, ...], frames: int) -> tuple[Pose, ...]:
    """Return the path from where it begins to each keyframe; the last pose is held."""
    whole = keyframes if keyframes[0].time == 0.0 else (Keyframe(0.0, Pose()), *keyframes)
    return tuple(_interpolate(whole, time) for time in _times(frames))


def _interpolate(keyframes: tuple[Keyframe, ...], time: float) -> Pose:
    for start, end in pairwise(keyframes):
        if time <= end.time:
            share = _eased(end.easing, (time - start.time) / (end.time - start.time))
            return _mix(start.pose, end.pose, share)
    return keyframes[-1].pose


def _eased(easing: Easing, share: float) -> float:
    if easing is Easing.EASE_IN:
        return share * share
    if easing is Easing.EASE_OUT:
        return share * (2.0 - share)
    if easing is Easing.EASE_IN_OUT:
        return share * share * (3.0 - 2.0 * share)
    return share


def _mix(start: Pose, end: Pose, share: float) -> Pose:
    """Return the pose between two; the zoom's logarithm is mixed, so that it looks even."""

    def mix(first: float, second: float) -> float:
        return first + (second - first) * share

    zoom = mix(math.log(start.zoom), math.log(end.zoom))
    return _pose(mix(start.dx, end.dx), mix(start.dy, end.dy), zoom, mix(start.roll, end.roll))
