"""Shrinking: the same order at a smaller size, where nothing else brings it into the memory."""

from __future__ import annotations

from dataclasses import replace

from gpu_worker.engine.api import OutOfMemory
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.pipeline import Order


def smaller(order: Order, multiple: int, least: int) -> Order:
    """Return the order at three quarters of its sides; raise OutOfMemory below the least side."""
    request, canvas = order.request, order.canvas
    width, height = (
        max(multiple, round(side * 0.75 / multiple) * multiple)
        for side in (request.width, request.height)
    )
    if min(width, height) < least or (width, height) == (request.width, request.height):
        raise OutOfMemory
    shrunk = replace(request, width=width, height=height)
    return replace(
        order, request=shrunk, canvas=Canvas(canvas.source, canvas.window, (width, height))
    )
