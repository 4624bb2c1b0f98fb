"""Makes batches ahead of time in a thread, in an order that the seed alone decides."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

DEPTH = 4

Batch = TypeVar("Batch")


def prefetch(
    make: Callable[[np.random.Generator], Batch], seed: int, start: int
) -> Iterator[Batch]:
    """Yield make(generator of batch number n) for n from `start` on, without end."""
    ready: queue.Queue[Batch | BaseException] = queue.Queue(DEPTH)

    def produce() -> None:
        number = start
        while True:
            try:
                ready.put(make(np.random.default_rng((seed, number))))
            except Exception as error:  # handed to the consumer, which raises it
                ready.put(error)
                return
            number += 1

    threading.Thread(target=produce, daemon=True).start()
    while True:
        batch = ready.get()
        if isinstance(batch, BaseException):
            raise batch
        yield batch
