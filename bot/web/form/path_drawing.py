"""The camera's path as boxes on the picture: what the browser draws, and the words for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from storage.domain.camera.motion import Camera, Easing, Keyframe, Pose, Speed
from storage.domain.errors import BadRequest
from storage.domain.prompt import path_text

START = Keyframe(0.0, Pose())


def boxes(text: str, speed: str = "") -> list[dict[str, Any]]:
    """Return the keyframes of a path from time 0 on; none where it cannot be read."""
    try:
        found = Camera(keyframes=path_text.read(text, Speed(speed or Speed.NORMAL))).keyframes
    except (BadRequest, ValueError):
        return []
    if found and found[0].time > 0.0:
        found = (START, *found)
    return [
        {"time": one.time, "easing": one.easing.value, **asdict(one.pose)}
        for one in (*found, *_held(found))
    ]


def words_for(drawn: str) -> str:
    """Return the option `path` for keyframes as the browser sends them, empty for none.

    Raise BadRequest for what no page of ours sends.
    """
    try:
        keyframes = [_keyframe(one) for one in json.loads(drawn or "[]")]
        Camera(keyframes=tuple(keyframes))
    except BadRequest:
        raise
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise BadRequest("page_bad_picture") from error
    if keyframes[1:] and keyframes[0] == START:
        del keyframes[0]
    words = path_text.write(keyframes)
    path_text.read(words)  # refuses what is too long or too far
    return words


def _keyframe(given: dict[str, Any]) -> Keyframe:
    pose = Pose(*(float(given[name]) for name in ("dx", "dy", "zoom", "roll")))
    return Keyframe(float(given["time"]), pose, Easing(given["easing"]))


def _held(path: tuple[Keyframe, ...]) -> list[Keyframe]:
    """Return the end of a path that has a start alone."""
    return [Keyframe(1.0, path[0].pose)] if len(path) == 1 else []
