"""The options camera, speed, strength and path as one Camera, and read back from a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from storage.domain.camera.keyframes import keyframes, motions
from storage.domain.camera.motion import Camera, Keyframe, Motion, Speed
from storage.domain.catalogue import Model
from storage.domain.clip import Clip
from storage.domain.prompt import path_text
from storage.domain.prompt.reading import read as read_prompt
from storage.domain.prompt.reading import read_sequence
from storage.domain.request import GenerationRequest, Segment


def camera_from(values: Mapping[str, Any], model: Model) -> Camera:
    """Return the camera for an order's values, with a path where the path or the prompt has one.

    The poses of a path that was given include the speed; the camera's own is NORMAL then. A
    strength that is left out is the model's default for a camera that is named, or that is not.
    """
    motion, speed, path = values["camera"], values["speed"], values["path"]
    if path.strip():
        camera = Camera(motion, keyframes=path_text.read(path, speed))
    else:
        camera = Camera(motion, speed, keyframes=_path_in(values["prompt"], motion, speed))
    strength = values.get("strength")
    if strength is None:
        strength = model.default_strength(
            _is_named(camera, values["prompt"], values["negative_prompt"])
        )
    return replace(camera, strength=strength)


def going_on_from(camera: Camera, aspect: float) -> Camera:
    """Return the camera of a clip that begins where one of this camera ends.

    aspect is the clips' width divided by their height.
    """
    return replace(camera, keyframes=path_text.going_on(camera.keyframes, aspect))


def strength_option(request: GenerationRequest, model: Model) -> float | None:
    """Return the option strength; None where leaving it out gives this request's."""
    strength = request.camera.strength
    if model.defaults.strength is not None:
        return strength
    named = _is_named(request.camera, request.prompt, request.negative_prompt)
    default = model.default_strength(named)
    return None if strength == default else strength


def path_option(request: GenerationRequest) -> str:
    """Return the option path that gives this request's path; empty where its prompt does."""
    camera = request.camera
    by_prompt = _path_in(request.prompt, camera.motion, camera.speed)
    return "" if camera.keyframes == by_prompt else path_text.write(camera.keyframes)


def speed_option(request: GenerationRequest) -> Speed:
    """Return the option speed; it is part of the poses of a path that was given."""
    return Speed.NORMAL if path_option(request) else request.camera.speed


def motions_of(request: GenerationRequest, clip: Clip | None) -> tuple[tuple[Motion, ...], ...]:
    """Return the motions one after the other, each step with those that go together.

    ((AUTO,),) is a motion that only the worker will find; those of a story are its segments'.
    """
    if request.segments:
        return tuple(step for segment in request.segments for step in _motions_of_segment(segment))
    if request.camera.keyframes:
        return motions(request.camera.keyframes)
    if clip is not None:
        return ((clip.motion,),)
    return ((request.reading.motion if request.reading else Motion.AUTO,),)


def _motions_of_segment(segment: Segment) -> tuple[tuple[Motion, ...], ...]:
    if segment.camera.keyframes:
        return motions(segment.camera.keyframes)
    return ((segment.reading.motion if segment.reading else Motion.DRIFT,),)


def speed_of(request: GenerationRequest) -> Speed:
    """Return the speed of the motion; NORMAL for a path, whose poses include it."""
    if request.camera.keyframes:
        return Speed.NORMAL
    return request.reading.speed if request.reading else request.camera.speed


def motion_detail(request: GenerationRequest, clip: Clip | None) -> str:
    """Return the motion for a list of parameters, empty for a path."""
    return "" if request.camera.keyframes else motions_of(request, clip)[0][0].value


def speed_detail(request: GenerationRequest, _clip: Clip | None) -> str:
    """Return the speed for a list of parameters, empty for a path."""
    return "" if request.camera.keyframes else speed_of(request).value


def path_detail(request: GenerationRequest, _clip: Clip | None) -> str:
    """Return the path for a list of parameters, empty where there is none."""
    return path_text.write(request.camera.keyframes)


def _is_named(camera: Camera, prompt: str, negative_prompt: str) -> bool:
    """Tell whether an order names a camera motion, in its prompts or by an option."""
    chosen = camera.motion is not Motion.AUTO or bool(camera.keyframes)
    return chosen or read_prompt(prompt, negative_prompt) is not None


def _path_in(prompt: str, motion: Motion, speed: Speed) -> tuple[Keyframe, ...]:
    """Return the path of a prompt that names several motions one after the other."""
    if motion is not Motion.AUTO:
        return ()
    return keyframes(
        [
            (reading if speed is Speed.NORMAL else replace(reading, speed=speed),)
            for reading in read_sequence(prompt)
        ]
    )
