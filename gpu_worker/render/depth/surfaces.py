"""What of a scene is seen from the first viewpoint, and what of it lies hidden behind that.

The picture is cut where depth jumps. In front, the nearer side reaches over the cut with a soft
edge, which takes along the pixels in which both colours are mixed; behind it, the farther side goes
on as far as any viewpoint of the path looks behind the nearer one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.render.backdrop import blur
from gpu_worker.render.depth.inverse_depth import Plane

Mask = NDArray[np.bool_]  # (height, width)

CUT = 1.5
"""By how many pixels neighbours must drift apart, along the path, for a cut between them."""

LEAST_JUMP = 0.05
"""The least jump of inverse depth that is a cut."""

NARROW, WIDE, SAME = 7, 17, 0.7
"""A jump covers its whole range within the narrow window; a slope covers less than this share of
what it covers in the wide one."""

MEDIAN, SHARPENINGS = 5, 4
"""The window that takes the frays off jumps, and how often they are made narrower."""

REACH = 4
"""How far the nearer side reaches over a cut, in cells; its edge is soft between 1 and 2."""

DEPTHS = (1.0, 0.6, 0.25)
"""Among which shares of cuts, by the depth of their farther sides, the nearest is looked for."""

EVEN = 5.0
"""The spread, in cells, by which depths that different sides of a thing continue are joined."""

GUARD = 2.0
"""Up to where colours beside a cut are mixed with the nearer side's, in cells."""


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Two surfaces over one grid of cells, each with its inverse depth (h, w).

    cover (h, w), 0..1, is how far the front is opaque. hidden marks where the back shows what the
    picture does not hold; beside is the part of the picture from which that is continued.
    """

    front: Plane
    cover: Plane
    back: Plane
    hidden: Mask
    beside: Mask


def part(inverse_depth: Plane, travel: float) -> Surfaces:
    """Part a grid of inverse depths; travel is how many cells each unit of it moves, at most."""
    jump = max(CUT / max(travel, 1e-6), LEAST_JUMP)
    depth = _sharpened(inverse_depth, jump)
    near, far = _cuts(depth, jump)
    if not near.any():
        whole, none = np.ones_like(depth), np.zeros(depth.shape, bool)
        return Surfaces(depth, whole, depth, none, none)
    to_near, nearer = _nearest(near, depth)
    over = (to_near <= REACH) & (nearer - depth > jump)
    front = np.where(over, nearer, depth)
    edge = np.clip(2.0 - cv2.GaussianBlur(to_near, (0, 0), 1.0), 0.0, 1.0)
    cover = np.where(over, edge, 1.0).astype(np.float32)
    behind, farther = _behind(far, depth, jump, travel)
    behind &= ~over  # the picture shows what is there
    back = _smoothed(np.where(behind, farther, depth), behind)
    hidden = behind | (over & (to_near <= GUARD))
    reach = float(np.max((depth - farther)[behind], initial=0.0)) * travel + 2 * REACH
    to_hidden, behind_it = _nearest(hidden, back)
    beside = ~hidden & (to_hidden <= reach) & (depth < behind_it + 0.5 * jump)
    return Surfaces(front.astype(np.float32), cover, back, hidden, beside)


def _behind(far: Mask, depth: Plane, jump: float, travel: float) -> tuple[Mask, Plane]:
    """Return the cells behind which a camera will look, and the depth of what it sees there.

    That is what lies beyond the nearest cut, where the camera looks so far, else something that is
    farther away still and drifts more.
    """
    behind, back = np.zeros(depth.shape, bool), depth.copy()
    for limit in np.quantile(depth[far], DEPTHS):
        distance, farther = _nearest(far & (depth <= limit), depth)
        drop = depth - farther
        more = ~behind & (drop > 0.5 * jump) & (distance <= drop * travel + REACH)
        back[more] = farther[more]
        behind |= more
    return behind, back


def _sharpened(depth: Plane, jump: float) -> Plane:
    """Return depth whose jumps, which estimates draw over several cells, lie between two cells."""
    depth = np.asarray(cv2.medianBlur(depth, MEDIAN), np.float32)
    for _ in range(SHARPENINGS):
        low, high = (_extreme(depth, NARROW, lowest) for lowest in (True, False))
        lower, higher = (_extreme(depth, WIDE, lowest) for lowest in (True, False))
        jumps = (high - low > jump) & (high - low > SAME * (higher - lower))
        low, high = (_extreme(depth, 3, lowest) for lowest in (True, False))
        sharp = np.where(high - depth < depth - low, high, low)
        depth = np.where(jumps, sharp, depth)
    return np.asarray(depth, np.float32)


def _extreme(depth: Plane, side: int, lowest: bool) -> Plane:
    change = cv2.erode if lowest else cv2.dilate
    return np.asarray(change(depth, np.ones((side, side), np.uint8)), np.float32)


def _cuts(depth: Plane, jump: float) -> tuple[Mask, Mask]:
    """Return the cells at the nearer and at the farther side of a cut."""
    near, far = np.zeros(depth.shape, bool), np.zeros(depth.shape, bool)
    for one, other in (
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[1:], np.s_[:-1]),
    ):
        step = depth[one] - depth[other]
        near[one] |= step > jump
        far[other] |= step > jump
        near[other] |= step < -jump
        far[one] |= step < -jump
    return near, far


def _nearest(marked: Mask, depth: Plane) -> tuple[Plane, Plane]:
    """Return each cell's distance to the nearest marked one, and the depth there."""
    distance, labels = cv2.distanceTransformWithLabels(
        (~marked).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_label = np.zeros(int(labels.max()) + 1, np.float32)
    by_label[labels[marked]] = depth[marked]
    return np.asarray(distance, np.float32), by_label[labels]


def _smoothed(depth: Plane, mask: Mask) -> Plane:
    """Return depth that is smooth within a mask, with the values of the mask alone."""
    weight = mask.astype(np.float32)
    total = blur(np.asarray(depth * weight, np.float32), EVEN)
    smooth = total / np.maximum(blur(weight, EVEN), 1e-3)
    return np.asarray(np.where(mask, smooth, depth), np.float32)
