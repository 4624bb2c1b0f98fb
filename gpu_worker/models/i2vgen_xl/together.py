"""Together: clips of several orders in shared forward passes, each with its own fate.

A clip that is to stop runs along to the last step, unseen, and is not decoded. The others' passes
then stay as they are, and so do their bytes; what is left of the steps takes no longer than it
would have, and a narrower pass might have to be compiled first, which takes minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gpu_worker.engine.api import Cancelled, OutOfMemory, Result, Wish
from gpu_worker.models.i2vgen_xl import batch_width as sharing
from gpu_worker.models.i2vgen_xl.memory import out_of_memory as faults
from gpu_worker.models.i2vgen_xl.memory.estimator import Saving
from gpu_worker.models.i2vgen_xl.memory.fallback import Smaller
from gpu_worker.models.i2vgen_xl.pipeline import Draft, Order
from gpu_worker.models.i2vgen_xl.progress_tracker import Watch
from storage.domain.company import kind
from storage.domain.progress import Stage
from storage.domain.request import GenerationRequest

if TYPE_CHECKING:
    from gpu_worker.models.i2vgen_xl.engine import I2VGenXL


def widths(engine: I2VGenXL, request: GenerationRequest) -> tuple[int, ...]:
    """Return how many such clips a pass may hold: it pays, it fits, and nobody waits for it."""
    return tuple(
        width
        for width in sharing.known(engine.maker, request, engine.torch_device)
        if engine.saving(request, width) is Saving.NONE and engine.has_compiled(request, width)
    )


def make(engine: I2VGenXL, wishes: Sequence[Wish], done: Callable[[int, Result], None]) -> None:
    """Make compatible clips, tell each by its place; raise ValueError, Cancelled, OutOfMemory."""
    if len({kind(wish.request) for wish in wishes}) > 1:
        raise ValueError("these requests cannot share their forward passes")
    orders = [Order(wish.request, wish.canvas, engine.read(wish.request)) for wish in wishes]
    try:
        drafts, seconds = _denoised(engine, orders, wishes)
        for place, (draft, wish) in enumerate(zip(drafts, wishes, strict=True)):
            if (result := _finished(engine, draft, wish, seconds)) is not None:
                done(place, result)
    except (Smaller, RuntimeError, MemoryError) as error:
        if not isinstance(error, Smaller) and not faults.lacks_memory(error):
            raise
        error.__traceback__ = None  # its frames hold the tensors that did not fit
        faults.release(engine.torch_device)
        raise OutOfMemory("no room for a shared pass") from None


def _denoised(
    engine: I2VGenXL, orders: Sequence[Order], wishes: Sequence[Wish]
) -> tuple[list[Draft], float]:
    """Return all clips after their last step, and the seconds of the device that each took."""
    request, began = orders[0].request, time.monotonic()
    decoding = engine.decoding(request)
    watch = Watch(
        wishes[0].on_progress,
        lambda: all(wish.should_stop() for wish in wishes),
        request.steps,
        after=None if decoding is None else decoding * len(wishes),
        beside=[wish.on_progress for wish in wishes[1:]],
    )
    with engine.compiled(request, len(orders)):
        ladder = sharing.steep(engine.maker, engine.torch_device)
        drafts = engine.maker.denoised(orders, engine.presets[request.preset], ladder, watch)
    watch.enter(Stage.DECODING)
    return drafts, (time.monotonic() - began) / len(orders)


def _finished(engine: I2VGenXL, draft: Draft, wish: Wish, seconds: float) -> Result | None:
    """Return a clip after its last step; None for one that is to stop."""
    order, began = draft.order, time.monotonic()
    try:
        watch = Watch(wish.on_progress, wish.should_stop, order.request.steps)
        watch.heed()
        frames = engine.maker.finished(draft, watch)
    except Cancelled:
        return None
    scores = engine.scored(frames, order.request, order.canvas, order.reading).scores
    spent = seconds + time.monotonic() - began
    return Result(frames, order.request.seed, order.reading.motion, scores=scores, seconds=spent)
