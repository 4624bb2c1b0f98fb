"""Reads and checks what a command asks for before anything is started."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.i18n import Translations
from bot.studio.options import Options
from storage.domain.errors import BadRequest, MutoscopeError
from storage.pictures import inspect
from storage.settings import Settings


@dataclass(frozen=True, slots=True)
class ClipSource:
    """A picture with its prompt, and the name of the clip's file."""

    picture: Path
    prompt: str
    name: str


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """One clip to order: the name of its file, the picture's bytes, and the options."""

    name: str
    picture: bytes
    options: Options


def plan(
    arguments: argparse.Namespace, settings: Settings, texts: Translations, locale: str
) -> tuple[list[PlannedClip], list[str]]:
    """Return what to order, and a message for every picture that cannot be animated so."""
    catalogue = settings.catalogue()
    hardware = settings.hardware(catalogue)
    clips: list[PlannedClip] = []
    faults: list[str] = []
    try:
        sources = pair(arguments.pictures, arguments.prompts, arguments.each, arguments.container)
    except MutoscopeError as error:
        return [], [texts.error(locale, error)]
    for source in sources:
        try:
            data = source.picture.read_bytes()
            clip = PlannedClip(source.name, data, options_of(arguments, source.prompt))
            facts = inspect(data)
            size = (facts.width, facts.height)
            clip.options.request(catalogue, hardware, "", size, seed=0)
            clips.append(clip)
        except OSError as error:
            faults.append(texts.text(locale, "cli_unreadable", file=source.picture, reason=error))
        except MutoscopeError as error:
            reason = texts.error(locale, error)
            faults.append(texts.text(locale, "cli_failed", file=source.picture, reason=reason))
    return clips, list(dict.fromkeys(faults))


def pair(
    pictures: Sequence[Path], prompts: Sequence[str], each: bool = False, suffix: str = "mp4"
) -> list[ClipSource]:
    """Pair one prompt with every picture, prompts with pictures in order, or `each` with each.

    Clips of one stem are numbered, so that no two share a file. Raises BadRequest where the numbers
    of pictures and prompts do not match.
    """
    if each or len(prompts) == 1:
        pairs = [(picture, prompt) for picture in pictures for prompt in prompts]
    elif len(prompts) == len(pictures):
        pairs = list(zip(pictures, prompts, strict=True))
    else:
        raise BadRequest("request_unpaired", pictures=len(pictures), prompts=len(prompts))
    count: Counter[str] = Counter()
    sources = []
    for picture, prompt in pairs:
        count[picture.stem] += 1
        name = f"{picture.stem}__{count[picture.stem]}.{suffix}"
        sources.append(ClipSource(picture, prompt, name))
    return sources


def options_of(arguments: argparse.Namespace, prompt: str) -> Options:
    """Return the options of a clip with this prompt."""
    return Options(
        prompt=prompt,
        negative_prompt=arguments.negative_prompt,
        model=arguments.model or "",
        resolution=arguments.resolution or "",
        frames=arguments.frames,
        fps=arguments.fps,
        steps=arguments.steps,
        guidance=arguments.guidance,
        seed=arguments.seed,
        preset=arguments.preset,
        motion=arguments.camera,
        speed=arguments.speed,
        strength=arguments.strength,
        path=arguments.path,
        candidates=arguments.candidates,
        container=arguments.container,
    )
