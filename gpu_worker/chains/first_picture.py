"""Makes the picture of an order that has none from its prompt, and then animates it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256

from PIL import Image

from gpu_worker.engine.api import Result
from gpu_worker.media.encode import poster
from gpu_worker.media.picture import Canvas, canvas_of
from gpu_worker.order_steps import OrderSteps
from storage.domain.clip import Adjustment
from storage.domain.errors import GenerationFailed
from storage.domain.picture import TextToImage
from storage.domain.request import GenerationRequest


async def animate_text(request: GenerationRequest, made: TextToImage, steps: OrderSteps) -> Result:
    """Return the frames of a clip, and the PNG that was made for it in the way that is asked for.

    The clip is made from what the PNG's decoder returns, as every later one of it will be. Raise
    GenerationFailed where the content filter refuses the picture, before it is animated.
    """
    await steps.wait_for_engine(request)
    seconds = 0.0
    try:
        picture = await steps.get(request.picture, "picture_gone") if request.picture else b""
    except GenerationFailed:
        picture = b""  # an earlier attempt's is lost, and is made again
    if not picture:
        drawn = await steps.generate(replace(request, picture=""), _blank(request))
        await steps.content.check_frame(Image.fromarray(drawn.frames[0]))
        picture, seconds = await asyncio.to_thread(poster, drawn.frames[0]), drawn.seconds
    canvas = await steps.canvas(picture, request)
    clip = await steps.generate(with_picture(request, sha256(picture).hexdigest()), canvas)
    note = Adjustment("picture_made", (("model", made.model),))
    return replace(
        clip,
        picture=picture,
        seconds=seconds + clip.seconds,
        adjustments=(note, *clip.adjustments),
    )


def with_picture(request: GenerationRequest, picture: str) -> GenerationRequest:
    """Return a request with the picture of this key that was made for it, as it is without one."""
    return replace(request, picture=picture) if picture else request


def _blank(request: GenerationRequest) -> Canvas:
    """Return a canvas with nothing to see, for a request whose picture is yet to be made."""
    width, height = request.width, request.height
    return canvas_of(Image.new("RGB", (width, height)), width, height)
