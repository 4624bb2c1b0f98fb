"""Draws random prompts with the motion and speed that they name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpu_worker.lab.training.data.phrases import CHINESE, ENGLISH, PhraseFamily
from storage.domain.camera.motion import Motion

HELD_OUT_EVERY = 4
WITHOUT_MOTION = 0.125
"""The share of prompts that name no motion."""


@dataclass(frozen=True)
class SampledPrompt:
    """A prompt, the motion it names (DRIFT: none) and its speed (-1 slow, 0, 1 fast)."""

    text: str
    motion: Motion
    speed: int


def families(held_out: bool | None = None) -> list[tuple[Motion, PhraseFamily, bool]]:
    """Return (motion, family, is Chinese): all, or without, or only, every fourth of a motion."""
    return [
        (motion, family, chinese)
        for language, chinese in ((ENGLISH, False), (CHINESE, True))
        for motion, motion_families in language.families.items()
        for number, family in enumerate(motion_families)
        if held_out is None or (number % HELD_OUT_EVERY == 2) is held_out
    ]


class PromptSampler:
    """Draws random prompts from families of phrases."""

    def __init__(self, pool: Sequence[tuple[Motion, PhraseFamily, bool]]):
        """Group the families by motion, so that every motion is as likely."""
        self._by_motion: dict[Motion, list[tuple[PhraseFamily, bool]]] = {}
        for motion, family, chinese in pool:
            self._by_motion.setdefault(motion, []).append((family, chinese))
        self._motions = list(self._by_motion)

    def draw(self, rng: np.random.Generator, motion: Motion | None = None) -> SampledPrompt:
        """Draw a prompt that names `motion`, or any motion, or (now and then) none."""
        if motion is None and rng.random() < WITHOUT_MOTION:
            motion = Motion.DRIFT
        if motion is Motion.DRIFT:
            return SampledPrompt(_scene(rng, rng.random() < 0.4), Motion.DRIFT, 0)
        chosen = motion or self._motions[rng.integers(len(self._motions))]
        pool = self._by_motion[chosen]
        family, chinese = pool[rng.integers(len(pool))]
        speed = int(rng.integers(-1, 2)) if chosen is not Motion.STATIC else 0
        text = _chinese(family, speed, rng) if chinese else _english(family, speed, rng)
        return SampledPrompt(text, chosen, speed)


def _pick(rng: np.random.Generator, pool: Sequence[str]) -> str:
    return pool[int(rng.integers(len(pool)))]


def _english(family: PhraseFamily, speed: int, rng: np.random.Generator) -> str:
    subject = _pick(rng, ENGLISH.subjects)
    adverbs = {-1: ENGLISH.slow, 0: ENGLISH.steady, 1: ENGLISH.fast}[speed]
    adverb = _pick(rng, adverbs) if speed or rng.random() < 0.25 else ""
    verb = _pick(rng, family.verbs) if family.verbs else ""
    phrase = _pick(rng, family.phrases).replace("{s}", subject)
    opened = rng.random() < (0.5 if verb else 0.25)
    parts = [_pick(rng, ENGLISH.openings) if opened else "", phrase]
    if verb:
        parts.insert(1, _inflect(verb, opened, rng))
    parts.insert(int(rng.choice([0, len(parts) - 1, len(parts)])), adverb)
    return _with_scene(" ".join(part for part in parts if part), rng, chinese=False)


def _inflect(verb: str, opened: bool, rng: np.random.Generator) -> str:
    """Inflect a verb now and then: zooms, zooming."""
    head, _, tail = verb.rpartition(" ")
    ending = _pick(rng, ("", "s", "s", "ing") if opened else ("", "", "ing"))
    if ending == "ing":
        doubled = {"pan": "pann", "spin": "spinn", "get": "gett", "dip": "dipp", "step": "stepp"}
        tail = doubled.get(tail, tail)
        tail = tail[:-1] if tail.endswith("e") and tail != "see" else tail
    elif ending == "s" and tail.endswith(("ch", "sh", "ss")):
        ending = "es"
    elif ending == "s" and tail == "fly":
        tail = "flie"
    return f"{head} {tail}{ending}".strip()


def _chinese(family: PhraseFamily, speed: int, rng: np.random.Generator) -> str:
    phrase = _pick(rng, family.phrases).replace("{s}", _pick(rng, CHINESE.subjects))
    adverbs = {-1: CHINESE.slow, 0: CHINESE.steady, 1: CHINESE.fast}[speed]
    opening = _pick(rng, CHINESE.openings) if rng.random() < 0.5 else ""
    return _with_scene(f"{opening}{_pick(rng, adverbs)}{phrase}", rng, chinese=True)


def _scene(rng: np.random.Generator, chinese: bool) -> str:
    scenes = (CHINESE if chinese else ENGLISH).scenes
    scene = _pick(rng, scenes)
    if rng.random() < 0.3:
        scene += ("，" if chinese else ", ") + _pick(rng, scenes)
    return scene


def _with_scene(phrase: str, rng: np.random.Generator, chinese: bool) -> str:
    """Put the phrase beside a sentence about the picture, or leave it alone."""
    chance = rng.random()
    comma, stop = ("，", "。") if chinese else (", ", ". ")
    join = comma if rng.random() < 0.6 else stop
    if chance < 0.3:
        text = _scene(rng, chinese) + join + phrase
    elif chance < 0.5:
        text = phrase + join + _scene(rng, chinese)
    elif chance < 0.6:
        text = phrase + ("，同时" if chinese else " while ") + _scene(rng, chinese)
    else:
        text = phrase
    return text.capitalize() if rng.random() < 0.3 else text
