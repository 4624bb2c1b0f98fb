"""A contact sheet shows a row of frames per clip."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from gpu_worker.lab.evaluate.clip_evaluator import (
    CELL,
    ClipSpec,
    EvaluatedClip,
    contact_sheet_frames,
)
from gpu_worker.lab.evaluate.contact_sheet import draw
from gpu_worker.lab.evaluate.last_frame import LastFrame
from gpu_worker.media.motion import MeasuredMotion
from storage.domain.camera.motion import Camera, Motion


def clip(height: int, width: int, prompt: str) -> EvaluatedClip:
    """Return a clip of sixteen frames, each brighter than the one before."""
    frames = [np.full((height, width, 3), level, np.uint8) for level in np.linspace(0, 240, 16)]
    spec = ClipSpec("cat", Motion.PAN_LEFT, 0, prompt, Camera())
    shown, measured = contact_sheet_frames(frames), MeasuredMotion(0, 0, 0, 0, 0)
    return EvaluatedClip(spec, shown, b"", 1.0, measured, 0, 0, 0, LastFrame(1.0))


def test_each_clip_is_a_row_from_its_first_frame_to_its_last() -> None:
    sheet = Image.open(io.BytesIO(draw([clip(128, 128, "镜头向左"), clip(96, 160, "pan")])))
    assert sheet.format == "PNG"
    assert sheet.height >= 2 * CELL
    assert sheet.getpixel((sheet.width - CELL // 2, CELL // 2)) == (240, 240, 240)
    assert sheet.getpixel((sheet.width - 4 * CELL - CELL // 2 - 8, CELL // 2)) == (0, 0, 0)


def test_no_clips_give_an_empty_sheet() -> None:
    assert Image.open(io.BytesIO(draw([]))).size[0] > CELL
