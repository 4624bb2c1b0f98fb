"""The text form of a camera path: parse what people type, and write it so that it can be copied.

Either motions in words, "zoom in, then pan left", or poses at times up to 1, the clip's end,
"0.5 zoom 1.3; 1 right 0.2 roll 5"; both in English or Chinese. The clip opens with the picture as
it is, or with a pose at time 0, "0 zoom 2; 1 zoom 1"; what a pose does not name stays as it was
before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from storage.domain.camera.composition import relative_to
from storage.domain.camera.keyframes import (
    DIGITS,
    LONGEST,
    MOTIONS,
    contradicts_itself,
    keyframes,
)
from storage.domain.camera.motion import Easing, Keyframe, Pose, Reading, Speed, start_of
from storage.domain.camera.path import SPEED_FACTOR
from storage.domain.errors import BadRequest
from storage.domain.prompt.normal_form import normalized
from storage.domain.prompt.reading import THEN, mentions, readings

LIMIT = 600  # characters
MOST = 8  # poses

BOUNDS: Mapping[str, tuple[float, float]] = {
    "shift": (-1.0, 1.0),  # of the window's side
    "zoom": (0.25, 4.0),
    "roll": (-180.0, 180.0),  # degrees
}

_PARTS = re.compile(r"[;,\n、。|>]|->|→|\.(?![0-9])")
_TOKEN = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)%?|[a-z_]+|[一-鿿]+|\S")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)%?")
_TIMED = re.compile(r"\s*[-+.0-9]")
_SIDES: Mapping[str, tuple[str, float]] = {
    **dict.fromkeys(("left", "左", "向左"), ("dx", -1.0)),
    **dict.fromkeys(("right", "右", "向右"), ("dx", 1.0)),
    **dict.fromkeys(("up", "上", "向上"), ("dy", -1.0)),
    **dict.fromkeys(("down", "下", "向下"), ("dy", 1.0)),
    **dict.fromkeys(("zoom", "缩放", "放大", "变焦"), ("zoom", 1.0)),
    **dict.fromkeys(("roll", "旋转", "滚转"), ("roll", 1.0)),
}
_EASINGS: Mapping[str, Easing] = {
    **{easing.value: easing for easing in Easing},
    **{"匀速": Easing.LINEAR, "缓入": Easing.EASE_IN},
    **{"缓出": Easing.EASE_OUT, "缓动": Easing.EASE_IN_OUT},
}
_HOLD = frozenset({"hold", "保持", "不动"})
_UNITS = frozenset({"°", "度", "x", "×", "倍"})
"""Signs that may follow a number and are skipped."""


def read(text: str, speed: Speed = Speed.NORMAL) -> tuple[Keyframe, ...]:
    """Return the keyframes that a text describes; raise BadRequest where it is not understood.

    speed, unless normal, replaces that of motions in words and scales poses.
    """
    if len(text) > LIMIT:
        raise BadRequest("request_text_too_long", name="path", length=len(text), limit=LIMIT)
    if not text.strip():
        return ()
    whole = unicodedata.normalize("NFKC", text).casefold()
    parts, timed = _PARTS.split(whole), _TIMED.match(whole)
    if not timed:
        parts = [part for piece in parts for part in THEN.split(piece)]
    steps = [part.strip() for part in parts if part.strip(" 先")]
    if not steps:
        raise _not_understood(text)
    return _scaled(_poses(steps), SPEED_FACTOR[speed]) if timed else _motions(steps, speed)


def write(path: Sequence[Keyframe]) -> str:
    """Return a path as poses at times, rounded to DIGITS."""
    before, parts = Pose(), []
    for keyframe in path:
        words = [f"{keyframe.time:.{DIGITS}g}", *_changes(before, keyframe.pose)]
        words += ["hold"] if len(words) == 1 else []
        words += [keyframe.easing.value] if keyframe.easing is not Easing.LINEAR else []
        parts.append(" ".join(words))
        before = keyframe.pose
    return "; ".join(parts)


def going_on(path: tuple[Keyframe, ...], aspect: float) -> tuple[Keyframe, ...]:
    """Return a path for what goes on where a clip ended: from there as the path from its start.

    It goes no further than a path may. aspect is the clip's width divided by its height.
    """
    start = start_of(path)
    if start == Pose():
        return path
    later = [keyframe for keyframe in path if keyframe.time > 0.0] or [Keyframe(1.0, start)]
    return tuple(
        replace(keyframe, pose=_bounded(relative_to(start, keyframe.pose, aspect)))
        for keyframe in later
    )


def _bounded(pose: Pose) -> Pose:
    shape = asdict(pose)
    for name, value in shape.items():
        low, high = BOUNDS[_quantity(name)]
        shape[name] = round(min(max(value, low), high), DIGITS) + 0.0
    return Pose(**shape)


def _changes(before: Pose, after: Pose) -> list[str]:
    found = []
    for name, negative, positive in (("dx", "left", "right"), ("dy", "up", "down")):
        value = getattr(after, name)
        if value != getattr(before, name):
            found.append(f"{negative if value < 0.0 else positive} {_number(abs(value))}")
    for name in ("zoom", "roll"):
        if getattr(after, name) != getattr(before, name):
            found.append(f"{name} {_number(getattr(after, name))}")
    return found


def _number(value: float) -> str:
    return f"{round(value, DIGITS):.8g}"


def _motions(parts: list[str], speed: Speed) -> tuple[Keyframe, ...]:
    if len(parts) > LONGEST:
        raise BadRequest("request_path_long", limit=LONGEST)
    steps: list[list[Reading]] = []
    for part in parts:
        found = mentions(normalized(part))
        step = readings(found)
        unsupported = any(mention.motion not in MOTIONS for mention in found)
        if not step or unsupported or contradicts_itself(step):
            raise _not_understood(part)
        explicit = speed is not Speed.NORMAL
        steps.append([replace(one, speed=speed) if explicit else one for one in step])
    return keyframes(steps)


def _poses(parts: list[str]) -> tuple[Keyframe, ...]:
    if len(parts) > MOST:
        raise BadRequest("request_path_long", limit=MOST)
    pose, found = Pose(), []
    for part in parts:
        keyframe = _keyframe(part, pose)
        found.append(keyframe)
        pose = keyframe.pose
    times = [keyframe.time for keyframe in found]
    if times != sorted(set(times)) or not 0.0 <= times[0] <= times[-1] <= 1.0:
        raise BadRequest("request_keyframes")
    if times[0] == 0.0:  # nothing leads there
        found[0] = replace(found[0], easing=Easing.LINEAR)
    begins_as_ever = found[0] == Keyframe(0.0, Pose()) and len(found) > 1
    return tuple(found[1:] if begins_as_ever else found)


def _scaled(path: tuple[Keyframe, ...], factor: float) -> tuple[Keyframe, ...]:
    """Return a path that goes `factor` times as far from where it begins."""
    start = start_of(path)
    return tuple(
        replace(keyframe, pose=_scaled_pose(start, keyframe.pose, factor)) for keyframe in path
    )


def _scaled_pose(start: Pose, pose: Pose, factor: float) -> Pose:
    shape = {
        "dx": start.dx + (pose.dx - start.dx) * factor,
        "dy": start.dy + (pose.dy - start.dy) * factor,
        "zoom": start.zoom * (pose.zoom / start.zoom) ** factor,
        "roll": start.roll + (pose.roll - start.roll) * factor,
    }
    return Pose(**{name: _checked(name, round(value, DIGITS)) for name, value in shape.items()})


def _keyframe(part: str, pose: Pose) -> Keyframe:
    tokens = [token for token in _TOKEN.findall(part) if token not in (":", "=")]
    words = iter(tokens)
    time, easing = _value(next(words, ""), part), Easing.LINEAR
    for word in words:
        if word in _EASINGS:
            easing = _EASINGS[word]
        elif word in _SIDES:
            name, sign = _SIDES[word]
            value = round(sign * _value(next(words, ""), part), DIGITS)
            pose = replace(pose, **{name: _checked(name, value)})
        elif word not in _HOLD | _UNITS:
            raise _not_understood(part)
    return Keyframe(round(time, DIGITS), pose, easing)


def _value(token: str, part: str) -> float:
    if not _NUMBER.fullmatch(token):
        raise _not_understood(part)
    return float(token.removesuffix("%")) / (100.0 if token.endswith("%") else 1.0)


def _checked(name: str, value: float) -> float:
    quantity = _quantity(name)
    low, high = BOUNDS[quantity]
    if not low <= value <= high:
        raise BadRequest("request_out_of_range", name=f"path_{quantity}", low=low, high=high)
    return value + 0.0  # turns -0.0 into 0.0


def _quantity(name: str) -> str:
    return "shift" if name in ("dx", "dy") else name


def _not_understood(part: str) -> BadRequest:
    return BadRequest("request_path_part", part=part.strip()[:80])
