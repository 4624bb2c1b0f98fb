"""One camera pose after another, and one as it is seen from another.

Poses shift by fractions of a window's sides, so that a roll needs the window's aspect.
"""

from __future__ import annotations

import math

from storage.domain.camera.motion import Pose


def compose(first: Pose, second: Pose, aspect: float) -> Pose:
    """Return the pose of a camera that goes by `second` from where `first` has brought it.

    aspect is the window's width divided by its height.
    """
    across, down = _turned(second.dx * aspect, second.dy, first.roll)
    return Pose(
        first.dx + across / first.zoom / aspect,
        first.dy + down / first.zoom,
        first.zoom * second.zoom,
        first.roll + second.roll,
    )


def relative_to(origin: Pose, pose: Pose, aspect: float) -> Pose:
    """Return what leads from one pose to another: compose(origin, result) is the pose."""
    across, down = _turned((pose.dx - origin.dx) * aspect, pose.dy - origin.dy, -origin.roll)
    return Pose(
        across * origin.zoom / aspect,
        down * origin.zoom,
        pose.zoom / origin.zoom,
        pose.roll - origin.roll,
    )


def _turned(x: float, y: float, degrees: float) -> tuple[float, float]:
    """Return a vector turned clockwise, as y points down."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return x * cosine - y * sine, x * sine + y * cosine
