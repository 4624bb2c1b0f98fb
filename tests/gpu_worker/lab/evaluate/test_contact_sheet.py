"""A contact sheet shows a row of frames per clip."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from gpu_worker.lab.evaluate.clip_evaluator import ClipSpec, EvaluatedClip
from gpu_worker.lab.evaluate.contact_sheet import CELL, draw
from gpu_worker.media.motion import MeasuredMotion
from storage.domain.camera.motion import Camera, Motion


def clip(height: int, width: int, prompt: str) -> EvaluatedClip:
    """Return sixteen frames, each brighter than the one before."""
    levels = np.linspace(0, 240, 16).astype(np.uint8)[:, None, None, None]
    frames = np.broadcast_to(levels, (16, height, width, 3)).copy()
    spec = ClipSpec("cat", Motion.PAN_LEFT, 0, prompt, Camera())
    return EvaluatedClip(spec, frames, 1.0, MeasuredMotion(0, 0, 0, 0, 0), 0, 0, 0, 0)


def test_each_clip_is_a_row_from_its_first_frame_to_its_last() -> None:
    sheet = Image.open(io.BytesIO(draw([clip(128, 128, "镜头向左"), clip(96, 160, "pan")])))
    assert sheet.format == "PNG"
    assert sheet.height >= 2 * CELL
    assert sheet.getpixel((sheet.width - CELL // 2, CELL // 2)) == (240, 240, 240)
    assert sheet.getpixel((sheet.width - 4 * CELL - CELL // 2 - 8, CELL // 2)) == (0, 0, 0)


def test_no_clips_give_an_empty_sheet() -> None:
    assert Image.open(io.BytesIO(draw([]))).size[0] > CELL
