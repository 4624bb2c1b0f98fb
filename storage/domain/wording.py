"""Wording: which camera motion, and how fast, a prompt names, in English or Chinese.

Rules alone; where they understand nothing, the model's text encoder is asked for the nearest
motion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from storage.domain.camera import Camera, Motion, Speed


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words ask of the camera."""

    motion: Motion
    speed: Speed = Speed.NORMAL


def read(prompt: str) -> Reading | None:
    """Return the first, or else the dominant, camera motion that the prompt names, or None."""
    return None


def resolve(camera: Camera, prompt: str) -> Reading | None:
    """Return what an explicit option and the prompt ask for together; the option wins."""
    reading = read(prompt)
    if camera.motion is not Motion.AUTO:
        reading = Reading(camera.motion, reading.speed if reading else Speed.NORMAL)
    if reading is not None and camera.speed is not Speed.NORMAL:
        reading = replace(reading, speed=camera.speed)
    return reading
