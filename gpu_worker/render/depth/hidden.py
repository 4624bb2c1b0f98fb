"""Continues what lies beside a nearer thing to behind it, where a moving camera will look."""

from __future__ import annotations

import math

import cv2
import numpy as np

from gpu_worker.media.frames import Frame
from gpu_worker.render.backdrop import FloatImage, blur
from gpu_worker.render.depth.inverse_depth import Plane
from gpu_worker.render.depth.surfaces import Mask, Surfaces
from gpu_worker.render.extent import Margins
from gpu_worker.render.texture import Surface, continue_texture

SOFTNESS = 0.006
"""Where the picture is parted into soft shapes and detail, as a share of its side."""

OCTAVES = 7
"""How often the softness is doubled to reach what lies further from what is known."""

BLOCK = 0.05
"""The side of the blocks of detail, as a share of the picture's side."""

CERTAIN = 0.03
"""The share of known pixels from which on nothing softer is asked."""

MOST_BLOCKS = 3000

NONE = Margins(0, 0, 0, 0)


def continue_behind(picture: Frame, surfaces: Surfaces, seed: int) -> Frame:
    """Return the picture (H, W, 3) with what is likely behind its nearer things.

    The surfaces' masks may be coarser. The seed chooses among equally likely textures.
    """
    hidden, beside = (_scaled(mask, picture) for mask in (surfaces.hidden, surfaces.beside))
    if not hidden.any():
        return picture
    if not beside.any():
        beside = ~hidden
    side = min(picture.shape[:2])
    softness = max(SOFTNESS * side, 0.7)
    whole = picture.astype(np.float32)
    soft = _known_blur(whole, ~hidden, softness)
    backdrop = _carried_behind(whole, beside, softness)
    surface = Surface(soft, whole - soft, beside.astype(np.float32))
    least = math.sqrt(int(hidden.sum()) / MOST_BLOCKS)
    block = 2 * max(2, int(BLOCK * side / 2), math.ceil(least))
    random = np.random.default_rng(seed)
    beyond = hidden.astype(np.float32)
    texture = continue_texture(surface, NONE, backdrop, beyond, block=block, random=random)
    result = picture.copy()
    filled = (backdrop + texture)[hidden]
    result[hidden] = filled.round().clip(0, 255).astype(np.uint8)
    return result


def _scaled(mask: Mask, picture: Frame) -> Mask:
    size = (picture.shape[1], picture.shape[0])
    return cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0


def _known_blur(picture: FloatImage, known: Mask, spread: float) -> FloatImage:
    """Return a blur (h, w, 3) to which only what is known contributes."""
    weight = known.astype(np.float32)
    total = blur(np.asarray(picture * weight[..., None], np.float32), spread)
    return np.asarray(total / np.maximum(blur(weight, spread), 1e-3)[..., None], np.float32)


def _carried_behind(picture: FloatImage, known: Mask, softness: float) -> FloatImage:
    """Return soft shapes (h, w, 3) everywhere, from the nearest of what is known."""
    weight = known.astype(np.float32)
    masked = np.asarray(picture * weight[..., None], np.float32)
    carried = np.full_like(picture, masked.sum(axis=(0, 1)) / max(float(weight.sum()), 1.0))
    for octave in reversed(range(OCTAVES)):
        spread = softness * 2**octave
        share = np.maximum(blur(weight, spread), 0.0)[..., None]
        value = blur(masked, spread) / np.maximum(share, 1e-4)
        sure: Plane = np.clip(share / CERTAIN, 0.0, 1.0)
        carried += sure * (value - carried)
    return np.asarray(carried.clip(0.0, 255.0), np.float32)
