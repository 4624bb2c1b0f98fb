"""What a command asks for, read and checked before anything is started."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from bot.cli.pairs import Pair, pair
from bot.i18n import Words
from bot.studio.options import Options
from storage.domain.errors import MutoscopeError
from storage.pictures import inspect
from storage.settings import Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """One clip to order: which file it becomes, of which picture, made how."""

    pair: Pair
    picture: bytes
    options: Options


def prepare(
    arguments: argparse.Namespace, settings: Settings, words: Words, locale: str
) -> tuple[list[Wanted], list[str]]:
    """Return what to order and, for people, every reason why something could not be made."""
    catalogue = settings.catalogue()
    hardware = settings.hardware(catalogue)
    wanted: list[Wanted] = []
    wrong: list[str] = []
    try:
        pairs = pair(arguments.pictures, arguments.prompts, arguments.each, arguments.container)
    except MutoscopeError as error:
        return [], [words.error(locale, error)]
    for one in pairs:
        try:
            want = Wanted(one, one.picture.read_bytes(), options(arguments, one))
            facts = inspect(want.picture)
            size = (facts.width, facts.height)
            want.options.request(catalogue, hardware, "", size, seed=0)
            wanted.append(want)
        except OSError as error:
            wrong.append(words.text(locale, "cli_unreadable", file=one.picture, reason=error))
        except MutoscopeError as error:
            reason = words.error(locale, error)
            wrong.append(words.text(locale, "cli_failed", file=one.picture, reason=reason))
    return wanted, list(dict.fromkeys(wrong))


def options(arguments: argparse.Namespace, one: Pair) -> Options:
    """Return the options of one clip."""
    return Options(
        prompt=one.prompt,
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
