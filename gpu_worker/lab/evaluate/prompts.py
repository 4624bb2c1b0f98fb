"""The prompts of the evaluation, by the motion that they mean."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage.domain.camera.motion import Motion

Prompts = Mapping[Motion, Sequence[str]]

DEFAULT: Prompts = {
    Motion.ZOOM_IN: ("zoom in", "the camera slowly pushes in", "镜头缓缓推近"),
    Motion.ZOOM_OUT: ("zoom out", "the camera pulls back", "镜头拉远"),
    Motion.PAN_LEFT: ("pan left", "the camera glides to the left", "镜头向左平移"),
    Motion.PAN_RIGHT: ("pan right", "slowly truck right", "镜头向右移动"),
    Motion.TILT_UP: ("tilt up", "the camera rises", "镜头上摇"),
    Motion.TILT_DOWN: ("tilt down", "crane down", "镜头向下移动"),
    Motion.ROLL_CLOCKWISE: ("roll clockwise", "rotate the camera to the right", "顺时针旋转"),
    Motion.ROLL_COUNTERCLOCKWISE: ("roll counterclockwise", "spin anticlockwise", "逆时针旋转"),
    Motion.SHAKE: ("camera shake", "shaky handheld footage", "镜头抖动"),
    Motion.STATIC: ("hold still", "static tripod shot", "固定镜头"),
}


def read(path: Path) -> Prompts:
    """Read a JSON object, motion name -> list of prompts; raise ValueError where it is not one."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or not data:
        raise ValueError(f"{path} holds no JSON object of motions")
    known = {str(motion): motion for motion in DEFAULT}
    for name, texts in data.items():
        if name not in known:
            raise ValueError(f"{path}: {name} is none of {', '.join(known)}")
        if not isinstance(texts, list) or not all(_is_prompt(text) for text in texts):
            raise ValueError(f"{path}: {name} is not a list of prompts")
    return {known[name]: tuple(texts) for name, texts in data.items()}


def _is_prompt(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())
