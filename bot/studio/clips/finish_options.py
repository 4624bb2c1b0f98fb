"""The options upscale, smooth and playback as one Finish, and read back from a request."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from storage.domain.errors import BadRequest
from storage.domain.finish import Finish
from storage.domain.request import GenerationRequest


class Upscale(StrEnum):
    """By how much a clip is upscaled."""

    NONE = "1"
    TWICE = "2"
    FOUR_TIMES = "4"


class Playback(StrEnum):
    """In which order a clip's frames are shown."""

    FORWARDS = "forwards"
    REVERSE = "reverse"
    LOOP = "loop"
    REVERSE_LOOP = "reverse_loop"


def finish_from(values: Mapping[str, Any]) -> Finish | None:
    """Return the finish for an order's values, None for nothing; raise BadRequest."""
    smooth, playback = values["smooth"], values["playback"]
    if smooth and smooth <= values["fps"]:
        raise BadRequest("request_smooth_slow", smooth=smooth, fps=values["fps"])
    finish = finish_of(values["upscale"], smooth, playback)
    return finish if finish.changes else None


def finish_of(upscale: Upscale, smooth: int, playback: Playback) -> Finish:
    """Return the finish for the values of the three options; raise BadRequest."""
    return Finish(
        upscale=int(upscale),
        fps=smooth,
        loop=playback in (Playback.LOOP, Playback.REVERSE_LOOP),
        reverse=playback in (Playback.REVERSE, Playback.REVERSE_LOOP),
    )


def upscale_option(request: GenerationRequest) -> Upscale:
    """Return the option upscale that asks for this request."""
    return Upscale(str(_finish(request).upscale))


def smooth_option(request: GenerationRequest) -> int:
    """Return the option smooth that asks for this request."""
    return _finish(request).fps


def playback_option(request: GenerationRequest) -> Playback:
    """Return the option playback that asks for this request."""
    finish = _finish(request)
    if finish.loop:
        return Playback.REVERSE_LOOP if finish.reverse else Playback.LOOP
    return Playback.REVERSE if finish.reverse else Playback.FORWARDS


def _finish(request: GenerationRequest) -> Finish:
    return request.finish or Finish()
