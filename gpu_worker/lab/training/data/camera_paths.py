"""Random camera paths: every motion, alone and mixed, of more variety than the engine plans."""

import math
from dataclasses import dataclass

import numpy as np

from storage.domain.camera.motion import Motion, Pose
from storage.domain.camera.path import DELTAS

MOTIONS = (*(motion for motion in DELTAS if motion is not Motion.STATIC), Motion.SHAKE)


@dataclass(frozen=True)
class CameraPath:
    """A camera path and its main motion."""

    motion: Motion
    poses: tuple[Pose, ...]


def pose_at(motion: Motion, amount: float, time: float) -> Pose:
    """Return the pose at `time` (0..1) of a motion; an amount of 1 is that of a normal clip."""
    deltas = DELTAS.get(motion, DELTAS[Motion.STATIC])
    dx, dy, logarithm, roll = (delta * amount * time for delta in deltas)
    return Pose(dx, dy, math.exp(logarithm), roll)


def random_path(frames: int, rng: np.random.Generator) -> CameraPath:
    """Draw a path of `frames` poses that starts at rest."""
    main = Motion.STATIC if rng.random() < 0.06 else MOTIONS[rng.integers(len(MOTIONS))]
    parts = [(main, rng.uniform(0.3, 1.9))]
    if rng.random() < 0.3:
        parts.append((MOTIONS[rng.integers(len(MOTIONS))], rng.uniform(0.1, 0.9)))
    exponent = rng.uniform(0.6, 1.8)
    times = np.linspace(0.0, 1.0, frames) ** exponent
    if rng.random() < 0.3:
        times = times * times * (3 - 2 * times)
    shake = rng.uniform(0.004, 0.03) if Motion.SHAKE in {part[0] for part in parts} else 0.0
    poses = []
    for number, time in enumerate(times):
        pose = _combine(tuple(pose_at(motion, amount, float(time)) for motion, amount in parts))
        if shake and number:
            pose = _combine((pose, _random_pose(shake, rng)))
        poses.append(pose)
    return CameraPath(main, tuple(poses))


def _combine(poses: tuple[Pose, ...]) -> Pose:
    """Add shifts and rolls, multiply zooms."""
    return Pose(
        dx=sum(pose.dx for pose in poses),
        dy=sum(pose.dy for pose in poses),
        zoom=float(np.prod([pose.zoom for pose in poses])),
        roll=sum(pose.roll for pose in poses),
    )


def _random_pose(size: float, rng: np.random.Generator) -> Pose:
    dx, dy, zoom, roll = rng.normal(0, size, 4)
    return Pose(dx=float(dx), dy=float(dy), zoom=float(np.exp(zoom / 3)), roll=float(roll * 40))
