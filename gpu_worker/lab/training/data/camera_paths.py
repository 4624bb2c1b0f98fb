"""Random camera paths: every motion, alone and mixed, of more variety than the engine plans."""

from dataclasses import dataclass

import numpy as np

from storage.domain.camera.motion import Motion, Pose

SINGLE = (
    Motion.ZOOM_IN,
    Motion.ZOOM_OUT,
    Motion.PAN_LEFT,
    Motion.PAN_RIGHT,
    Motion.TILT_UP,
    Motion.TILT_DOWN,
    Motion.ROLL_CLOCKWISE,
    Motion.ROLL_COUNTERCLOCKWISE,
    Motion.SHAKE,
)


@dataclass(frozen=True)
class CameraPath:
    """A camera path and its main motion."""

    motion: Motion
    poses: tuple[Pose, ...]


def pose_at(motion: Motion, amount: float, time: float) -> Pose:
    """Return the pose at `time` (0..1) of a motion; an amount of 1 is that of a normal clip."""
    reach = amount * time
    match motion:
        case Motion.ZOOM_IN | Motion.ZOOM_OUT:
            return Pose(zoom=(1.35 if motion is Motion.ZOOM_IN else 0.74) ** reach)
        case Motion.PAN_LEFT | Motion.PAN_RIGHT:
            return Pose(dx=(0.22 if motion is Motion.PAN_RIGHT else -0.22) * reach)
        case Motion.TILT_UP | Motion.TILT_DOWN:
            return Pose(dy=(0.22 if motion is Motion.TILT_DOWN else -0.22) * reach)
        case Motion.ROLL_CLOCKWISE | Motion.ROLL_COUNTERCLOCKWISE:
            return Pose(roll=(14.0 if motion is Motion.ROLL_CLOCKWISE else -14.0) * reach)
        case _:
            return Pose()


def random_path(frames: int, rng: np.random.Generator) -> CameraPath:
    """Draw a path of `frames` poses that starts at rest."""
    main = Motion.STATIC if rng.random() < 0.06 else SINGLE[rng.integers(len(SINGLE))]
    parts = [(main, rng.uniform(0.3, 1.9))]
    if rng.random() < 0.3:
        parts.append((SINGLE[rng.integers(len(SINGLE))], rng.uniform(0.1, 0.9)))
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
