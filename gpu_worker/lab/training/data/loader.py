"""Makes batches ahead of time in a thread, in an order that the seed alone decides."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TypeVar

import numpy as np

DEPTH = 4

Batch = TypeVar("Batch")


def prefetch(
    make: Callable[[np.random.Generator], Batch], seed: int, start: int
) -> Iterator[Batch]:
    """Yield make(generator of batch number n) for n from `start` on, without end."""
    with ThreadPoolExecutor(1) as pool:
        batches = (pool.submit(make, np.random.default_rng((seed, n))) for n in count(start))
        ready = deque(next(batches) for _ in range(DEPTH))
        while True:
            yield ready.popleft().result()
            ready.append(next(batches))
