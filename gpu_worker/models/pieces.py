"""Pieces: how much of a map is worked on at once on a processor.

Frames do not depend on each other in a plane convolution, nor pixels in attention along time. Run
a few at a time, what lies between two operations stays small: it is found in the cache, and its
memory is used again instead of being asked of the system, which hands out fresh pages one by one.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

BYTES = 8 << 20
"""How large a piece of a map may be; the caches of today's processors hold a few of these."""

ROWS = 4096
"""How many rows of tokens of one clip go through attention and feed-forward at once."""


def worthwhile(maps: Tensor) -> bool:
    """Tell whether maps (n, c, h, w) are of the kind that is worked on in pieces."""
    inner = maps.is_contiguous(memory_format=torch.channels_last)
    return maps.device.type == "cpu" and maps.dtype is torch.float32 and inner


def frames(count: int, size: int) -> list[slice]:
    """Cut so many frames of a size in bytes into spans."""
    return spans(count, max(1, BYTES // max(1, size)))


def pixels(count: int, rows: int) -> list[slice]:
    """Cut a clip's pixels, each of so many rows of tokens, into spans."""
    return spans(count, max(1, ROWS // rows))


def spans(count: int, most: int) -> list[slice]:
    """Cut a length into as few spans as possible of at most so many, of about one size."""
    parts = -(-count // most)
    edges = [count * part // parts for part in range(parts + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]
