"""Lets a clip that goes on from a frame move over the picture that the frame is a view of."""

from __future__ import annotations

import logging
from dataclasses import replace

from gpu_worker.media.picture import Canvas, PictureView
from gpu_worker.order_steps import OrderSteps
from storage.domain.camera.motion import Pose
from storage.domain.errors import BadPicture, GenerationFailed
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)


async def with_origin(
    canvas: Canvas, request: GenerationRequest, view: Pose | None, steps: OrderSteps
) -> Canvas:
    """Return a canvas of an earlier clip's last frame as a view of the request's picture.

    Where the clip is not rendered from a flat picture, or the picture is gone, the frame is all
    that there is to go on from.
    """
    if view is None or request.denoised is None or request.depth_model or not request.picture:
        return canvas
    try:
        picture = await steps.fetch(replace(request, end_picture=""))
    except (BadPicture, GenerationFailed) as error:
        log.warning("the clip goes on without the first picture: %s", error)
        return canvas
    return replace(canvas, origin=PictureView(picture, view))
