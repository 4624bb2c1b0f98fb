"""Films for tests: a camera over a photograph, and something that moves by itself."""

from __future__ import annotations

from importlib import resources

import cv2
import numpy as np

from gpu_worker.media.frames import Frame, Frames

SIZE = (160, 128)


def photograph(name: str) -> Frame:
    """Return a photograph that scikit-image carries."""
    data = resources.files("skimage.data").joinpath(name).read_bytes()
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def camera(
    picture: Frame, frames: int, *, right: float = 0.0, zoom: float = 1.0, roll: float = 0.0
) -> Frames:
    """Return a camera's move over a picture: by a share of its width, a factor and degrees."""
    height, width = picture.shape[:2]
    seen = []
    for time in np.linspace(0.0, 1.0, frames):
        scale = 0.7 * min(width / SIZE[0], height / SIZE[1]) / zoom**time
        turn = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), float(roll * time), scale)
        turn[:, 2] += (width / 2 + right * time * width - SIZE[0] / 2, height / 2 - SIZE[1] / 2)
        flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
        seen.append(cv2.warpAffine(picture, turn, SIZE, flags=flags, borderMode=cv2.BORDER_REFLECT))
    return np.stack(seen).astype(np.uint8)


def passing(ground: Frame, thing: Frame, frames: int, *, right: float = 0.05) -> Frames:
    """Return a round thing that passes in front of a ground, over which the camera moves too."""
    film = camera(ground, frames, right=right).astype(np.float32)
    side = 64
    small = cv2.resize(thing, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    down, across = np.mgrid[:side, :side] - side / 2 + 0.5
    mask = (np.hypot(down, across) < side / 2 - 2).astype(np.float32)
    mask = cv2.GaussianBlur(mask, (0, 0), 1.0)
    for number, frame in enumerate(film):
        place = np.array([[1, 0, 8 + 80 * number / (frames - 1)], [0, 1, 30]], np.float32)
        share = cv2.warpAffine(mask, place, SIZE)[..., None]
        film[number] = frame + (cv2.warpAffine(small, place, SIZE) - frame) * share
    return np.rint(film).astype(np.uint8)


def difference(one: Frame, other: Frame) -> float:
    """Return the mean difference of two frames."""
    return float(np.abs(one.astype(float) - other).mean())
