"""A contact sheet shows a row of frames per clip."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from gpu_worker.lab.contact_sheet import CELL, ContactSheetRow, draw


def frames(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return sixteen frames, each brighter than the one before."""
    levels = np.linspace(0, 240, 16).astype(np.uint8)[:, None, None, None]
    return np.broadcast_to(levels, (16, height, width, 3)).copy()


def test_each_clip_is_a_row_from_its_first_frame_to_its_last() -> None:
    rows = [
        ContactSheetRow(("cat", "pan_left", "镜头向左"), frames(128, 128)),
        ContactSheetRow(("dog",), frames(96, 160)),
    ]
    sheet = Image.open(io.BytesIO(draw(rows)))
    assert sheet.format == "PNG"
    assert sheet.height >= 2 * CELL
    assert sheet.getpixel((sheet.width - CELL // 2, CELL // 2)) == (240, 240, 240)
    assert sheet.getpixel((sheet.width - 4 * CELL - CELL // 2 - 8, CELL // 2)) == (0, 0, 0)


def test_no_clips_give_an_empty_sheet() -> None:
    assert Image.open(io.BytesIO(draw([]))).size[0] > CELL
