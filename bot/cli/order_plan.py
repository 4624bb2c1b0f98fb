"""Reads and checks what a command asks for before anything is started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.cli.arguments import options_of
from bot.cli.invocation import Invocation
from bot.studio.options import Options
from storage.domain.clip import Container
from storage.domain.errors import BadRequest, MutoscopeError
from storage.pictures import inspect


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


def plan(invocation: Invocation) -> tuple[list[PlannedClip], list[str]]:
    """Return what to order, and a message for every picture that cannot be animated so."""
    arguments, admission, text = invocation.arguments, invocation.admission, invocation.text
    clips: list[PlannedClip] = []
    faults: list[str] = []
    try:
        suffix = arguments.format or Container.MP4
        sources = pair(arguments.pictures, arguments.prompts, arguments.each, suffix)
    except MutoscopeError as error:
        return [], [invocation.error(error)]
    for source in sources:
        try:
            data = source.picture.read_bytes()
            facts = inspect(data)
            options = options_of(arguments, source.prompt, admission)
            admission.admit(options, picture="", size=(facts.width, facts.height), seed=0)
            clips.append(PlannedClip(source.name, data, options))
        except OSError as error:
            faults.append(text("cli_unreadable", file=source.picture, reason=error))
        except MutoscopeError as error:
            reason = invocation.error(error)
            faults.append(text("cli_failed", file=source.picture, reason=reason))
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
