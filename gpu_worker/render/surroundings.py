"""Continues a picture beyond its border, so that a camera may look there."""

from __future__ import annotations

import math

import cv2
import numpy as np

from gpu_worker.media.frames import Frame
from gpu_worker.render.backdrop import FloatImage, blur, carry_on, distance_beyond, padded
from gpu_worker.render.extent import Margins
from gpu_worker.render.moments import ModelAnswer
from gpu_worker.render.texture import Surface, continue_texture

SOFTNESS = 0.014
"""Where a picture is parted into soft shapes and detail, as a share of its side."""

FADE = 2.0
"""Over how far the picture's own detail gives way to texture, as a multiple of the softness."""

BLOCK = 0.1
"""The side of the blocks of detail, as a share of the picture's side."""

TRUST, TRUSTED_AT = 0.6, 0.2
"""The greatest share of a model's answer, and how far from the border it is reached, as a share of
the picture's side."""

MOST_BLOCKS = 6000

UNKNOWN = 1e-3
"""The least weight by which a mean of what is known is divided."""


def continue_beyond(
    picture: Frame, margins: Margins, answer: ModelAnswer | None, seed: int
) -> Frame:
    """Return the picture with its margins: the picture itself, and what is likely around it.

    answer, where given, is what a model makes of it: away from the border, where carrying on what
    is there knows less, the soft shapes follow it. The seed chooses among equally likely textures.
    """
    height, width = picture.shape[:2]
    side = min(width, height)
    softness = max(SOFTNESS * side, 0.5)
    beyond = distance_beyond(width, height, margins)
    whole = picture.astype(np.float32)
    soft = blur(whole, softness)
    surface = Surface(soft, whole - soft)
    backdrop = carry_on(soft, margins, beyond, softness)
    if answer is not None:
        backdrop += _share(answer, beyond, side) * (_soft(answer, softness) - backdrop)
    block = _block_side(side, beyond)
    random = np.random.default_rng(seed)
    texture = continue_texture(surface, margins, backdrop, beyond, block=block, random=random)
    # At the border the picture's own detail fades while the texture comes up, with equal energy.
    reach = FADE * softness
    share = (np.clip(beyond / reach, 0.0, 1.0) * (np.pi / 2))[..., None].astype(np.float32)
    reflected = _reflected(surface.detail, margins, math.ceil(reach))
    continued = backdrop + np.cos(share) * reflected + np.sin(share) * texture
    result = np.asarray(continued.round().clip(0, 255), np.uint8)
    result[margins.top : margins.top + height, margins.left : margins.left + width] = picture
    return result


def _soft(answer: ModelAnswer, softness: float) -> FloatImage:
    """Return the soft shapes (H, W, 3) of a model's answer, to which only what is known counts."""
    known = answer.known[..., None]
    total = blur(np.asarray(answer.colours * known, np.float32), softness)
    weight = np.maximum(blur(answer.known, softness), UNKNOWN)[..., None]
    return np.asarray(total / weight, np.float32)


def _share(answer: ModelAnswer, beyond: FloatImage, side: int) -> FloatImage:
    """Return the share (H, W, 1) of a model's answer in the soft shapes."""
    away = np.clip(beyond / (TRUSTED_AT * side), 0.0, 1.0)
    return np.asarray(TRUST * away * answer.known, np.float32)[..., None]


def _block_side(side: int, beyond: FloatImage) -> int:
    """Return the side of the blocks: an even number, and not too many blocks."""
    least = math.sqrt(int((beyond > 0).sum()) / MOST_BLOCKS)
    half = max(int(BLOCK * side / 2), math.ceil(least), 2)
    return 2 * max(1, min(half, side // 4))


def _reflected(detail: FloatImage, margins: Margins, reach: int) -> FloatImage:
    """Return detail mirrored over the margins for a few pixels, 0 further out."""
    near = Margins(
        min(margins.left, reach),
        min(margins.top, reach),
        min(margins.right, reach),
        min(margins.bottom, reach),
    )
    rest = Margins(
        margins.left - near.left,
        margins.top - near.top,
        margins.right - near.right,
        margins.bottom - near.bottom,
    )
    mirrored = padded(detail, near, cv2.BORDER_REFLECT_101)
    return padded(mirrored, rest, cv2.BORDER_CONSTANT)
