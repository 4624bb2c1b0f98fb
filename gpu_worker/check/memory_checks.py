"""Memory: each rung of the fallback, a real lack of memory, and offloaded layers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from gpu_worker.check.report import require
from gpu_worker.check.subject import Subject, checked_frames, make_clip, psnr, sized
from gpu_worker.engine.api import Result
from gpu_worker.lab.bench.timing import measure_once
from gpu_worker.models.i2vgen_xl.hardware.device import release_cached_memory
from gpu_worker.models.i2vgen_xl.memory.copy_stream import CopyStream, PendingCopy
from gpu_worker.models.i2vgen_xl.memory.fallback import FallbackStep, smaller_size

LIKENESS = {FallbackStep.EIGHT_BIT: 15.0}
"""The least PSNR in dB between a clip after a fallback and the undisturbed one; else OTHERWISE."""

OTHERWISE = 30.0

DIFFERENCE = 2
"""How much of 255 the same clip may differ by on a GPU, whose sums have no fixed order."""

MOST_LAYERS = 2
"""How many of the largest layers the next one, brought beside another, may add to the peak.

One, and what the allocator rounds up.
"""


def fallback(subject: Subject, step: FallbackStep) -> str:
    """Let the first pass run out of memory until a step of the fallback is taken."""
    if step is FallbackStep.OFFLOAD:
        subject.require_gpu()
    shape = subject.clip
    undisturbed = make_clip(subject.engine, shape).array
    steps = [one for one in FallbackStep if subject.gpu or one is not FallbackStep.OFFLOAD]
    results: list[Result] = []
    # Before anything is given up, the pass is tried once more.
    with _out_of_memory(subject, steps.index(step) + 2):
        seconds, peak = measure_once(
            subject.device, lambda: results.append(make_clip(subject.engine, shape))
        )
    given_up = [adjustment.key for adjustment in results[0].adjustments]
    found = f"{seconds:.2f} s, peak {peak / 2**30:.2f} GiB, gave up {len(given_up)}"
    require(f"adjusted_{step.value}" in given_up, f"{found}: {given_up}")
    if step is FallbackStep.SMALLER:
        multiple = subject.engine.pipeline.side_multiple
        shape = sized(shape, *smaller_size(shape.width, shape.height, multiple))
        checked_frames(results[0], shape)
        return f"{found}, {shape.size}"
    likeness = psnr(checked_frames(results[0], shape), undisturbed)
    found += f", {likeness:.1f} dB from the undisturbed clip"
    require(likeness >= LIKENESS.get(step, OTHERWISE), found)
    return found


def overlapped_offload(subject: Subject) -> str:
    """Make a clip with offloaded layers, the next one brought beside one that runs, and without."""
    subject.require_gpu()
    shape, results, begun = subject.clip, list[Result](), list[int]()
    seconds, peaks = list[float](), list[float]()
    failures = [*FallbackStep].index(FallbackStep.OFFLOAD) + 2
    layer = max(map(_weight_bytes, subject.engine.pipeline.unet.layers()))
    for overlaps in (True, False):
        with _streams(overlaps) as copies, _out_of_memory(subject, failures):
            taken, _ = measure_once(
                subject.device, lambda: results.append(make_clip(subject.engine, shape))
            )
        seconds.append(taken)
        begun.append(len(copies))
        # Memory that was dropped counts until the device has done what it needs it for.
        peaks.append(torch.cuda.memory_stats(subject.device)["active_bytes.all.peak"])
    beside, after = (checked_frames(result, shape).astype(int) for result in results)
    difference = int(abs(beside - after).max())
    found = (
        f"{seconds[0]:.2f} s, {seconds[1]:.2f} s one after the other; "
        f"peak {peaks[0] / 2**30:.2f} GiB, {peaks[1] / 2**30:.2f}; differs by {difference}"
    )
    keys = [{adjustment.key for adjustment in result.adjustments} for result in results]
    require(all("adjusted_offload" in one for one in keys), f"{found}; gave up {keys}")
    require(begun[0] > 0 and begun[1] == 0, f"{found}; layers brought beside others: {begun}")
    require(peaks[0] - peaks[1] <= MOST_LAYERS * layer, f"{found}; a layer {layer / 2**30:.2f} GiB")
    require(difference <= DIFFERENCE, found)
    return found


def _weight_bytes(module: nn.Module) -> int:
    return sum(one.numel() * one.element_size() for one in module.parameters())


@contextmanager
def _streams(used: bool) -> Iterator[list[PendingCopy]]:
    """Let copies be begun beside computations, or not; yield those that were."""
    begin, begun = CopyStream.begin, list[PendingCopy]()

    def noted(stream: CopyStream, copy: Callable[[], Iterable[Tensor]]) -> PendingCopy | None:
        pending = begin(stream, copy) if used else None
        if pending is not None:
            begun.append(PendingCopy((), pending.event))  # it holds no memory
        return pending

    cast(Any, CopyStream).begin = noted
    try:
        yield begun
    finally:
        cast(Any, CopyStream).begin = begin


@contextmanager
def _out_of_memory(subject: Subject, failures: int) -> Iterator[None]:
    """Let so many passes of the UNet fail with a lack of memory; count the peak from then on."""
    left = failures

    def fail(_module: Any, _inputs: Any) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise torch.OutOfMemoryError("injected by the check")
        if left == -1 and subject.gpu:
            torch.cuda.reset_peak_memory_stats(subject.device)

    hook = subject.engine.pipeline.unet.register_forward_pre_hook(fail)
    try:
        yield
    finally:
        hook.remove()


def lack_of_memory(subject: Subject, share: float) -> str:
    """Allow a share of a clip's working memory, which the estimate does not know of."""
    subject.require_gpu()
    shape, device = subject.clip, subject.device
    _, peak = measure_once(device, lambda: make_clip(subject.engine, shape))
    _empty(device)
    held = torch.cuda.memory_allocated(device)
    allowed = held + share * (peak - held)
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(allowed / total, subject.index)
    try:
        began = time.perf_counter()
        result = make_clip(subject.engine, shape)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, subject.index)
        _empty(device)
    return _ended(result, f"{allowed / 2**30:.2f} of {peak / 2**30:.2f} GiB", began)


def full_device(subject: Subject, free_gib: float) -> str:
    """Fill the device until little is free, and make a clip in what is left."""
    subject.require_gpu()
    _ = subject.engine.pipeline
    _empty(subject.device)
    free, _total = torch.cuda.mem_get_info(subject.device)
    size = int(free - free_gib * 2**30)
    filler = torch.empty(size, dtype=torch.uint8, device=subject.device)
    try:
        began = time.perf_counter()
        result = make_clip(subject.engine, subject.clip)
    finally:
        del filler
        _empty(subject.device)
    return _ended(result, f"{free_gib:.2f} GiB beside the weights", began)


def _ended(result: Result, limit: str, began: float) -> str:
    """Return how a clip ended within a limit; it may be smaller, but not broken."""
    frames = result.array
    require(int(frames.std()) > 0, "every pixel of the clip has one value: it is not a picture")
    gave_up = ", ".join(one.key.removeprefix("adjusted_") for one in result.adjustments)
    size = f"{frames.shape[2]} x {frames.shape[1]} x {frames.shape[0]}"
    seconds = time.perf_counter() - began
    return f"{limit}: {size} after {seconds:.2f} s, gave up {gave_up or 'nothing'}"


def _empty(device: torch.device) -> None:
    torch.cuda.synchronize(device)
    release_cached_memory(device)
