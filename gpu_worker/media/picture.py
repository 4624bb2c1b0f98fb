"""Turns an upload into the canvas that a clip's camera moves over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PIL import Image

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame
from storage.domain.camera.motion import Pose
from storage.pictures import open_picture

ENLARGEMENT = 3.0
"""How many times the clip's size the window may have; more detail no zoom would ever show."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """The whole picture and the window of it that the clip opens with.

    source is RGB, (height, width, 3). window is (x, y, width, height) in the source's pixels and
    has the clip's aspect. size is the clip's (width, height). end is the picture that the clip
    arrives at, None where it may end anywhere. origin is the picture that this one is a view of,
    where it is an earlier clip's last frame.
    """

    source: Frame
    window: warp.Window
    size: tuple[int, int]
    end: Canvas | None = None
    origin: PictureView | None = None

    @cached_property
    def fitted(self) -> Frame:
        """Return the window as a camera at rest sees it, (height, width, 3), antialiased."""
        return warp.fit(self.source, self.window, self.size)

    @property
    def aspect(self) -> float:
        """Return the window's width divided by its height."""
        return self.window[2] / self.window[3]

    def sized(self, size: tuple[int, int]) -> Canvas:
        """Return the canvas of a clip of another (width, height), its other pictures with it."""
        end, origin = self.end, self.origin
        return replace(
            self,
            size=size,
            end=end and end.sized(size),
            origin=origin and replace(origin, canvas=origin.canvas.sized(size)),
        )


@dataclass(frozen=True, eq=False)
class PictureView:
    """A picture, and the pose of the camera that looks at it."""

    canvas: Canvas
    pose: Pose


def fit(data: bytes, width: int, height: int) -> Canvas:
    """Return an upload's canvas for a clip of this size; raise BadPicture."""
    return canvas_of(open_picture(data, cover(width, height)), width, height)


def cover(width: int, height: int) -> tuple[int, int]:
    """Return the largest width and height that a picture needs for a clip of this size."""
    return round(width * ENLARGEMENT), round(height * ENLARGEMENT)


def canvas_of(image: Image.Image, width: int, height: int) -> Canvas:
    """Return the canvas of an RGB picture for a clip of this size."""
    window = centre_window(image.width, image.height, width / height)
    return Canvas(np.asarray(image), window, (width, height))


def centre_window(width: int, height: int, aspect: float) -> warp.Window:
    """Return (x, y, width, height) of the largest centred window with an aspect (width/height)."""
    across, down = min(float(width), height * aspect), min(float(height), width / aspect)
    return (width - across) / 2, (height - down) / 2, across, down
