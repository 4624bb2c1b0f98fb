"""Wording: which camera motion, and how fast, a prompt names, in English or Chinese.

Rules alone; where they understand nothing, the model's text encoder is asked for the nearest
motion.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from storage.domain.camera.motion import Camera, Motion, Speed
from storage.domain.prompt import chinese as wording_chinese
from storage.domain.prompt import english as wording_english
from storage.domain.prompt.mention import Mention


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words ask of the camera."""

    motion: Motion
    speed: Speed = Speed.NORMAL


def read(prompt: str) -> Reading | None:
    """Return the first, or else the dominant, camera motion that the prompt names, or None."""
    text = plain(prompt)
    found = mentions(text)
    wanted = [mention for mention in found if not mention.negated]
    if not wanted:
        # Who only rules motions out wants none.
        return Reading(Motion.STATIC) if found else None
    chosen = min(wanted, key=lambda mention: (mention.rank, mention.place))
    return Reading(chosen.motion, _speed(chosen, text))


def resolve(camera: Camera, prompt: str) -> Reading | None:
    """Return what an explicit option and the prompt ask for together; the option wins."""
    reading = read(prompt)
    if camera.motion is not Motion.AUTO:
        reading = Reading(camera.motion, reading.speed if reading else Speed.NORMAL)
    if reading is not None and camera.speed is not Speed.NORMAL:
        reading = replace(reading, speed=camera.speed)
    return reading


def mentions(text: str) -> list[Mention]:
    """Return what a plain text asks of the camera, what it rules out included."""
    return [*wording_english.mentions(text), *wording_chinese.mentions(text)]


def _speed(chosen: Mention, text: str) -> Speed:
    loose = wording_english.loose_speed(text) or wording_chinese.loose_speed(text)
    return chosen.speed or loose or Speed.NORMAL


def plain(prompt: str) -> str:
    """Return the prompt in lower case, in the usual signs, with hyphens as spaces."""
    text = unicodedata.normalize("NFKC", prompt).casefold().replace("\u2019", "'")
    return text.replace("-", " ").replace("_", " ")
