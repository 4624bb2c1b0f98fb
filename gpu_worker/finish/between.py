"""Frames between two others, by optical flow in both directions.

Each place of the new frame is followed back into the one before and on into the one after. What
only one of the two sees is taken from that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.frames import Frame, FrameSource

Field: TypeAlias = NDArray[np.float32]  # (height, width, 2): places, or shifts, across and down
Share: TypeAlias = NDArray[np.float32]  # (height, width), 0..1

Values = TypeVar("Values", Frame, Field)

FLOW_SIDE = 640  # pixels; the flow of larger frames is found at this size
MISSED = 1.0  # pixels by which a place that is followed there and back may miss itself
ROUNDS = 3  # of finding where a place of the new frame comes from
AGREEMENT = 0.9  # of the difference of two frames that moving them may leave
LEAST = 1e-3  # weight of a frame that does not see a place, where neither does


@dataclass(frozen=True)
class FramePair:
    """Two frames after one another, how their content moves, and what the other does not see."""

    before: Frame
    after: Frame
    forwards: Field
    backwards: Field
    hidden_after: Share
    hidden_before: Share

    @classmethod
    def of(cls, before: Frame, after: Frame) -> FramePair:
        """Find the flow between two frames in both directions."""
        forwards, backwards = _flow(before, after), _flow(after, before)
        hidden = _lost(forwards, backwards), _lost(backwards, forwards)
        return cls(before, after, forwards, backwards, *hidden)

    def at(self, time: float) -> Frame:
        """Return the frame at a time between 0 (the one before) and 1."""
        then = _places(self.forwards, time)
        later = _places(self.backwards, 1.0 - time)
        first, second = _sampled(self.before, then), _sampled(self.after, later)
        # What the frame before shows here and the one after does not is not to be mixed with it.
        see_first = (1.0 - time) * (1.0 - _sampled(self.hidden_before, later)) * _inside(then)
        see_second = time * (1.0 - _sampled(self.hidden_after, then)) * _inside(later)
        share = (see_second + LEAST * time) / (see_first + see_second + LEAST)
        mixed = _mixed(first, second, np.asarray(share[..., None], np.float32))
        plain = _mixed(self.before, self.after, time)
        return mixed if self._moves(first, second) else plain

    def _moves(self, first: Frame, second: Frame) -> bool:
        """Tell whether the frames agree better once moved: not over a cut or a cross-fade."""
        moved = cv2.norm(first, second, cv2.NORM_L1)
        return moved <= AGREEMENT * cv2.norm(self.before, self.after, cv2.NORM_L1)


@dataclass(frozen=True)
class FramesBetween:
    """The frames of another source at times, in frames from its first; the times ascend.

    After the last frame comes the first again.
    """

    frames: FrameSource
    times: Sequence[float]

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, index: int) -> Frame:
        number, part = divmod(self.times[index], 1.0)
        before = self.frames[int(number) % len(self.frames)]
        if not part:
            return before
        return FramePair.of(before, self.frames[(int(number) + 1) % len(self.frames)]).at(part)

    def __iter__(self) -> Iterator[Frame]:
        frames, held = chain(self.frames, self.frames), -1
        before = after = np.empty((0, 0, 3), np.uint8)
        pair: FramePair | None = None
        for time in self.times:
            number, part = divmod(time, 1.0)
            while held < number + (part > 0):
                before, after, pair = after, next(frames), None
                held += 1
            if not part:
                yield after if held == number else before
                continue
            pair = pair or FramePair.of(before, after)
            yield pair.at(part)


def _flow(before: Frame, after: Frame) -> Field:
    """Return by how much each place of a frame moves until the next one, in pixels."""
    height, width = before.shape[:2]
    scale = min(1.0, FLOW_SIDE / max(height, width))
    size = (round(width * scale), round(height * scale))
    greys = [
        cv2.resize(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
        for one in (before, after)
    ]
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = finder.calc(greys[0], greys[1], np.zeros((size[1], size[0], 2), np.float32))
    flow = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(flow * np.array([width / size[0], height / size[1]], np.float32), np.float32)


def _lost(there: Field, back: Field) -> Share:
    """Return how surely each place is not seen by the other frame."""
    missed = np.linalg.norm(there + _sampled(back, _grid(*there.shape[:2]) + there), axis=2)
    reach = MISSED + 0.1 * np.linalg.norm(there, axis=2)
    lost = np.clip(missed / reach - 1.0, 0.0, 1.0)
    return np.asarray(cv2.GaussianBlur(lost, (0, 0), 1.0), np.float32)


def _places(flow: Field, time: float) -> Field:
    """Return where each place of the new frame is in the frame whose flow this is.

    time is how much of that flow has happened by then.
    """
    grid = _grid(*flow.shape[:2])
    places = grid - time * flow
    for _ in range(ROUNDS - 1):
        places = grid - time * _sampled(flow, places)
    return places


def _sampled(values: Values, places: Field) -> Values:
    """Return what lies at these places; beyond the border, what lies at it."""
    method = cv2.INTER_CUBIC if values.dtype == np.uint8 else cv2.INTER_LINEAR
    across, down = places[..., 0], places[..., 1]
    found = cv2.remap(values, across, down, method, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, values.dtype)


def _inside(places: Field) -> Share:
    """Return 1 where a place lies in the frame, 0 beyond its border."""
    height, width = places.shape[:2]
    across, down = places[..., 0], places[..., 1]
    inside = (across >= -0.5) & (across <= width - 0.5) & (down >= -0.5) & (down <= height - 0.5)
    return np.asarray(inside, np.float32)


def _mixed(first: Frame, second: Frame, share: float | NDArray[np.float32]) -> Frame:
    mixed = first + (second.astype(np.float32) - first) * share
    return np.asarray(np.rint(mixed), np.uint8)


@cache
def _grid(height: int, width: int) -> Field:
    """Return each place's own coordinates."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([across, down], axis=2).astype(np.float32)
