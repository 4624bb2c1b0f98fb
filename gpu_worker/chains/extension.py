"""Goes on from the last frame of a finished clip, and joins both."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace

from PIL import Image

from gpu_worker.chains.origin import with_origin
from gpu_worker.engine.api import Result
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.clips.clip_parts import ClipPart, parts_in, view_in
from gpu_worker.media.frames import FrameSource
from gpu_worker.media.joint import SizedFrames, join
from gpu_worker.media.picture import Canvas, canvas_of
from gpu_worker.order_steps import OrderSteps
from storage.domain.camera.motion import Pose
from storage.domain.request import GenerationRequest


async def extend(request: GenerationRequest, steps: OrderSteps, stack: ExitStack) -> Result:
    """Return the frames of a request's source and those that go on from it, as one clip.

    The source's file is kept on the disk until the stack is closed.
    """
    source = await steps.get(request.source, "failed_source_gone")
    clip = await asyncio.to_thread(stack.enter_context, open_clip(source))
    before = SizedFrames(clip, (request.width, request.height))
    parts, view = parts_in(source, len(clip)), view_in(source)
    canvas = await steps.prepare(request, _canvas(before, request, view, steps))
    made = await steps.generate(request, canvas)
    new = ClipPart(request.prompt, made.seed, made.motion, len(made.frames) - 1)
    frames = join([before, made.frames], request.fps)
    return replace(made, frames=frames, parts=(*parts, new), source=source)


async def _canvas(
    before: FrameSource, request: GenerationRequest, view: Pose | None, steps: OrderSteps
) -> Canvas:
    last = await asyncio.to_thread(before.__getitem__, len(before) - 1)
    canvas = canvas_of(Image.fromarray(last), request.width, request.height)
    return await with_origin(canvas, request, view, steps)
