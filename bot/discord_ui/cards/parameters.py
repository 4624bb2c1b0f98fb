"""Parameters: what makes a clip anew, as lines that the Tweak form reads, and its motion."""

from __future__ import annotations

from storage.domain.camera.keyframes import motions
from storage.domain.camera.motion import Motion, Speed
from storage.domain.clip import Clip, Container
from storage.domain.prompt import path_text
from storage.domain.prompt.reading import resolve
from storage.domain.request import GenerationRequest


def write(request: GenerationRequest, clip: Clip | None = None) -> str:
    """Return what makes this clip anew, one parameter a line."""
    rows: list[tuple[str, object]] = [
        ("seed", clip.seed if clip else request.seed),
        *_camera(request, clip),
        ("strength", f"{request.camera.strength:g}"),
        ("size", f"{request.width}x{request.height}"),
        ("frames", request.frames),
        ("fps", request.fps),
        ("steps", request.steps),
        ("guidance", f"{request.guidance:g}"),
        ("preset", request.preset.value),
        # A finished clip's own seed makes it anew by itself.
        ("candidates", request.candidates if clip is None and request.candidates > 1 else ""),
        ("format", "" if request.container is Container.MP4 else request.container.value),
        ("negative", " ".join(request.negative_prompt.split())),
        ("model", request.model),
    ]
    return "\n".join(f"{name}: {value}" for name, value in rows if value != "")


def steps_of(request: GenerationRequest, clip: Clip | None) -> tuple[tuple[Motion, ...], ...]:
    """Return the camera's motion, or those of its path one after the other."""
    path = request.camera.keyframes
    return motions(path) if path else ((_motion(request, clip),),)


def speed_of(request: GenerationRequest) -> Speed:
    """Return how far the camera goes; a path's own speed lies in its poses."""
    reading = resolve(request.camera, request.prompt)
    if request.camera.keyframes:
        return Speed.NORMAL
    return reading.speed if reading else request.camera.speed


def _camera(request: GenerationRequest, clip: Clip | None) -> list[tuple[str, object]]:
    if request.camera.keyframes:
        return [("path", path_text.write(request.camera.keyframes))]
    return [("camera", _motion(request, clip).value), ("speed", speed_of(request).value)]


def _motion(request: GenerationRequest, clip: Clip | None) -> Motion:
    """Return the camera motion that was made, or, before that, the one that was understood."""
    if clip is not None:
        return clip.motion
    reading = resolve(request.camera, request.prompt)
    return reading.motion if reading else Motion.AUTO
