"""Fits the filter of each kind of place to pairs, by least squares."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gpu_worker.finish.upscale import (
    KINDS,
    TAPS,
    Light,
    bicubic,
    kinds_of,
    padded_light,
    surroundings,
)
from gpu_worker.lab.upscaling.pairs import Pair

RIDGE = 1e-5
"""The squared pixel differences of noise that no filter is to follow."""


def fit(pairs: Iterable[Pair]) -> NDArray[np.float16]:
    """Return the filters (kinds, taps, 4) that err least over the pairs, which are turned."""
    products = np.zeros((KINDS, TAPS, TAPS))
    answers = np.zeros((KINDS, TAPS, 4))
    counts = np.zeros(KINDS)
    for number, pair in enumerate(pairs):
        # Over the photographs every direction and its mirror image occur alike.
        for turn in (number % 4, (number + 1) % 4):
            small, large = (np.rot90(light, turn) for light in (pair.small, pair.large))
            if number % 2:
                small, large = small[:, ::-1], large[:, ::-1]
            _add(products, answers, counts, np.ascontiguousarray(small), large)
    filters = np.zeros((KINDS, TAPS, 4), np.float16)
    for kind in np.flatnonzero(counts):
        steady = products[kind] + (RIDGE * counts[kind] + 1e-3) * np.eye(TAPS)
        filters[kind] = np.linalg.solve(steady, answers[kind])
    return filters


def _add(
    products: NDArray[np.float64],
    answers: NDArray[np.float64],
    counts: NDArray[np.float64],
    small: Light,
    large: Light,
) -> None:
    """Add one pair to the sums of each kind."""
    missing = large - bicubic(small, 2)
    blocks = [missing[y::2, x::2].ravel() for y in range(2) for x in range(2)]
    wanted, around = np.stack(blocks, axis=-1), surroundings(padded_light(small))
    kinds = kinds_of(small).ravel()
    order = np.argsort(kinds, kind="stable")
    ends = np.searchsorted(kinds[order], np.arange(KINDS + 1))
    for kind, (start, end) in enumerate(pairwise(ends)):
        places = order[start:end]
        products[kind] += around[places].T @ around[places]
        answers[kind] += around[places].T @ wanted[places]
        counts[kind] += len(places)
