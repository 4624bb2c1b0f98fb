"""Camera motion as values: named motions, poses, keyframes and the options of one clip.

Names describe the camera: "pan left" moves the content to the right, "tilt up" moves it down.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.domain.errors import BadRequest

START_SHIFT = 0.5
"""How far from the picture's centre a clip may begin, so that its first frame shows some of it."""


class Motion(StrEnum):
    """The camera motions that a prompt or an option can name; AUTO is read from the prompt."""

    AUTO = "auto"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    TILT_UP = "tilt_up"
    TILT_DOWN = "tilt_down"
    ROLL_CLOCKWISE = "roll_clockwise"
    ROLL_COUNTERCLOCKWISE = "roll_counterclockwise"
    SHAKE = "shake"
    STATIC = "static"
    DRIFT = "drift"

    @property
    def opposite(self) -> Motion:
        """The motion that a clip of this one shows when it is played backwards."""
        return _OPPOSITES.get(self, self)


_PAIRS = (
    (Motion.ZOOM_IN, Motion.ZOOM_OUT),
    (Motion.PAN_LEFT, Motion.PAN_RIGHT),
    (Motion.TILT_UP, Motion.TILT_DOWN),
    (Motion.ROLL_CLOCKWISE, Motion.ROLL_COUNTERCLOCKWISE),
)
_OPPOSITES = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


class Speed(StrEnum):
    """How far the camera goes within one clip."""

    SLOW = "slow"
    NORMAL = "normal"
    FAST = "fast"


class Easing(StrEnum):
    """How the camera accelerates between two keyframes."""

    LINEAR = "linear"
    EASE_IN = "ease_in"
    EASE_OUT = "ease_out"
    EASE_IN_OUT = "ease_in_out"


@dataclass(frozen=True, slots=True)
class Reading:
    """A motion and its speed, as read from a prompt or set by an option."""

    motion: Motion
    speed: Speed = Speed.NORMAL


@dataclass(frozen=True, slots=True)
class Pose:
    """The camera's pose at one moment, relative to the fitted picture.

    dx and dy shift the camera by fractions of the window's width and height (dx > 0: camera to
    the right, content to the left; dy > 0: camera down). zoom magnifies (> 1: closer). roll is in
    degrees, positive when the camera rolls clockwise and the content counterclockwise.
    """

    dx: float = 0.0
    dy: float = 0.0
    zoom: float = 1.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A pose that the camera reaches at a time between 0 (first frame) and 1 (last frame)."""

    time: float
    pose: Pose
    easing: Easing = Easing.LINEAR


@dataclass(frozen=True, slots=True)
class Camera:
    """The camera options of a request.

    motion AUTO is read from the prompt; any other wins over the prompt. strength (0..1) is how
    firmly the path conditions the model; 0 is off. keyframes, where given, are the path itself and
    win over motion and speed; one at time 0 is what the clip begins with, instead of the whole
    picture.
    """

    motion: Motion = Motion.AUTO
    speed: Speed = Speed.NORMAL
    strength: float = 1.0
    keyframes: tuple[Keyframe, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a strength outside 0..1, keyframes out of order, and poses that cannot be."""
        object.__setattr__(self, "strength", float(self.strength))
        if not 0.0 <= self.strength <= 1.0:
            raise BadRequest("request_out_of_range", name="camera_strength", low=0, high=1)
        times = [keyframe.time for keyframe in self.keyframes]
        ordered = times == sorted(set(times)) and all(0.0 <= time <= 1.0 for time in times)
        if not ordered or not all(is_possible(keyframe.pose) for keyframe in self.keyframes):
            raise BadRequest("request_keyframes")
        if max(abs(self.start.dx), abs(self.start.dy)) > START_SHIFT:
            span = {"low": -START_SHIFT, "high": START_SHIFT}
            raise BadRequest("request_out_of_range", name="path_start", **span)

    @property
    def start(self) -> Pose:
        """Return the pose that the keyframes begin with: at rest, unless one is at time 0."""
        return start_of(self.keyframes)


def start_of(keyframes: tuple[Keyframe, ...]) -> Pose:
    """Return the pose of a path's first frame."""
    return keyframes[0].pose if keyframes and keyframes[0].time == 0.0 else Pose()


def is_possible(pose: Pose) -> bool:
    """Tell whether the camera still sees something of the picture."""
    near = abs(pose.dx) <= 10.0 and abs(pose.dy) <= 10.0 and abs(pose.roll) <= 3600.0
    return near and 0.05 <= pose.zoom <= 20.0
