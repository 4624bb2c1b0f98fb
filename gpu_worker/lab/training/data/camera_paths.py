"""Random camera paths for training: every motion, alone and mixed, beyond what ships."""

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
class Path:
    """A camera path and the name of its main motion."""

    motion: Motion
    poses: tuple[Pose, ...]


def full(motion: Motion, amount: float, time: float) -> Pose:
    """Give the pose at `time` (0..1) of a motion; an amount of 1 is a normal clip's reach."""
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


def combined(poses: tuple[Pose, ...]) -> Pose:
    """Add shifts and rolls, multiply zooms."""
    return Pose(
        dx=sum(pose.dx for pose in poses),
        dy=sum(pose.dy for pose in poses),
        zoom=float(np.prod([pose.zoom for pose in poses])),
        roll=sum(pose.roll for pose in poses),
    )


def random_path(frames: int, rng: np.random.Generator) -> Path:
    """Draw a path of `frames` poses that starts at rest or, seldom, elsewhere."""
    main = Motion.STATIC if rng.random() < 0.06 else SINGLE[rng.integers(len(SINGLE))]
    parts = [(main, rng.uniform(0.3, 1.9))]
    if rng.random() < 0.3:
        parts.append((SINGLE[rng.integers(len(SINGLE))], rng.uniform(0.1, 0.9)))
    curve = rng.uniform(0.6, 1.8)
    times = np.linspace(0.0, 1.0, frames) ** curve
    if rng.random() < 0.3:
        times = times * times * (3 - 2 * times)
    trembling = rng.uniform(0.004, 0.03) if Motion.SHAKE in {part[0] for part in parts} else 0.0
    poses = []
    for number, time in enumerate(times):
        pose = combined(tuple(full(motion, amount, float(time)) for motion, amount in parts))
        if trembling and number:
            pose = combined((pose, _jolt(trembling, rng)))
        poses.append(pose)
    return Path(main, tuple(poses))


def _jolt(size: float, rng: np.random.Generator) -> Pose:
    dx, dy, zoom, roll = rng.normal(0, size, 4)
    return Pose(dx=float(dx), dy=float(dy), zoom=float(np.exp(zoom / 3)), roll=float(roll * 40))
