"""The embedded model in the child process in which a worker keeps its engine."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import torch

from gpu_worker.check.report import require
from gpu_worker.check.subject import Subject, Watch, checked_frames, make_clip, psnr
from gpu_worker.engine.api import Cancelled, Result
from gpu_worker.engine.messages import EngineSpec
from gpu_worker.engine.supervisor import EngineProcess
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.domain.camera.motion import Camera, Motion

FACTORY = "gpu_worker.models.registry:create"
CHANGES: dict[str, Any] = {"camera": Camera(Motion.ZOOM_OUT, strength=0.5), "guidance": 2.0}


def embedded(subject: Subject) -> str:
    """Make a clip of the embedded model in a child; compare it with the processor's."""
    shape = ClipShape(128, 128, 16, 6) if subject.gpu else ClipShape(64, 64, 8, 2)
    seconds, result, late = asyncio.run(_in_child(subject, shape))
    frames = checked_frames(result, shape)
    processor = I2VGenXL("embedded", device="cpu")
    processor.load()
    likeness = psnr(frames, make_clip(processor, shape, **CHANGES).array)
    found = (
        f"{seconds:.2f} s after loading, {likeness:.1f} dB from the processor's clip, "
        f"cancelled after {late:.2f} s"
    )
    require(likeness >= 35.0, found)
    return found


async def _in_child(subject: Subject, shape: ClipShape) -> tuple[float, Result, float]:
    """Make and cancel a clip in a child; return the seconds, the clip, and those of the cancel."""
    arguments = {"source": "embedded", "device": str(subject.device)}
    process = EngineProcess(EngineSpec(FACTORY, arguments))
    process.start()
    request, watch = shape.request(**CHANGES), Watch()
    try:
        ready = await process.warm()
        require(torch.device(ready.device).type == subject.device.type, f"runs on {ready.device}")
        began = time.perf_counter()
        result = await process.generate(request, shape.canvas(), watch.on_progress, asyncio.Event())
        seconds = time.perf_counter() - began
        cancelled = asyncio.Event()
        cancelled.set()
        began = time.perf_counter()
        try:
            await process.generate(request, shape.canvas(), watch.on_progress, cancelled)
        except Cancelled:
            return seconds, result, time.perf_counter() - began
    finally:
        await process.stop()
    require(False, "the cancelled clip was made")
    return seconds, result, 0.0
