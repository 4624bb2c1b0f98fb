"""The order in which a finished clip shows moments of its source, once and in circles.

Times are in frames of the source, from its first. Camera moves are reversible: the clip goes there
and back, slowly where it turns. Whatever else moves is not: the clip's end dissolves into its start
instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from gpu_worker.media import motion
from gpu_worker.media.frames import FrameSource
from storage.domain.finish import Finish

CLOSED = 1.5
"""How many usual steps the last frame may be from the first in a clip that is a loop already."""
REVERSIBLE = 0.6
"""The share of a change that aligning may leave where it was the camera that moved."""
DISSOLVE = 0.25  # of a clip
TURN_SECONDS = 0.125
"""For how long a clip slows down before it turns, and speeds up after."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of the source, mixed with another by a share of 0 (not at all) to 1."""

    time: float
    other: float = 0.0
    share: float = 0.0


def timeline(frames: FrameSource, fps: int, finish: Finish) -> list[Moment]:
    """Return the moments that a finish of these frames shows.

    The time that follows the last frame's is the first frame's again.
    """
    pace, last = fps / finish.fps if finish.fps > fps else 1.0, len(frames) - 1
    steps = Steps.of(frames) if finish.loop else None
    if steps is not None and steps.closed and not steps.doubled:
        last += 1  # there the first frame comes again
    times = [min(step * pace, last) for step in range(finish.smoothed(last + 1, fps))]
    if finish.reverse:
        times = [last - time for time in times]
    if steps is None:
        return [Moment(time) for time in times]
    if steps.closed:
        return [Moment(time) for time in times[:-1]]
    if not steps.reversible:
        return dissolved(times)
    turn = 2 * max(1, round(TURN_SECONDS * fps / pace / 2))  # even: other places are whole frames
    places = there_and_back(len(times) - 1, turn)
    return [Moment(float(time)) for time in np.interp(places, np.arange(len(times)), times)]


def there_and_back(length: int, turn: int) -> list[float]:
    """Return places from 0 to a length and back, by steps of 1, for one circle.

    For so many steps before and after a turn the steps are shorter, the shorter the nearer.
    """
    turn = min(turn, length)
    whole = length + turn  # steps from one turn to the other: two halves of their speed
    there = [_eased(step, length, turn) for step in range(whole + 1)]
    return [*there, *reversed(there[1:-1])]


def _eased(step: float, length: int, turn: int) -> float:
    if step > (length + turn) / 2:
        return length - _eased(length + turn - step, length, turn)
    return step * step / (2 * turn) if step < turn else step - turn / 2


def dissolved(times: Sequence[float]) -> list[Moment]:
    """Return these times as a circle whose last ones dissolve into those before the first."""
    count = len(times)
    mixed = max(1, round(count * DISSOLVE))
    plain = [Moment(time) for time in times[mixed : count - mixed]]
    ends = zip(times[count - mixed :], times[:mixed], strict=True)
    shares = (_smooth((place + 1) / (mixed + 1)) for place in range(mixed))
    return [*plain, *(Moment(*pair, share) for pair, share in zip(ends, shares, strict=True))]


def _smooth(share: float) -> float:
    return share * share * (3.0 - 2.0 * share)


@dataclass(frozen=True, slots=True)
class Steps:
    """How a clip changes: by its usual step, from last to first, and by what but the camera.

    usual and around are mean differences of grey levels; unaligned is the share of a change that
    the best alignment of two frames leaves.
    """

    usual: float
    around: float
    unaligned: float

    @classmethod
    def of(cls, frames: FrameSource) -> Steps:
        """Measure the frames, of which only small grey ones are kept."""
        greys = [motion.grey(frame) for frame in frames]
        usual = float(np.median([_difference(*pair) for pair in pairwise(greys)]))
        stride = max(1, len(greys) // 8)
        aligned = plain = 0.0
        for before, after in pairwise(greys[::stride]):
            inner = np.s_[16:-16, 16:-16]
            step = motion.between(before, after)[:2]
            size = (before.shape[1], before.shape[0])
            moved = cv2.warpAffine(before, step, size, borderMode=cv2.BORDER_REFLECT)
            aligned += _difference(np.asarray(moved, np.uint8)[inner], after[inner])
            plain += _difference(before[inner], after[inner])
        return cls(usual, _difference(greys[-1], greys[0]), aligned / max(plain, 1e-6))

    @property
    def closed(self) -> bool:
        """Tell whether the clip is a loop already."""
        return self.around <= CLOSED * self.usual

    @property
    def doubled(self) -> bool:
        """Tell whether its last frame is the first once more."""
        return self.around < 0.25 * self.usual

    @property
    def reversible(self) -> bool:
        """Tell whether what moves is the camera."""
        return self.unaligned <= REVERSIBLE


def _difference(one: motion.Grey, other: motion.Grey) -> float:
    return float(cv2.norm(one, other, cv2.NORM_L1)) / one.size
