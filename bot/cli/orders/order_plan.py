"""Reads and checks what a command asks for before anything is started."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.cli.arguments import options_of
from bot.cli.invocation import Invocation
from bot.service import open_service
from bot.studio.chains.extension import extension_options
from bot.studio.clips.end_picture import END_PICTURE, of_end_picture
from bot.studio.library.reuse import read_settings
from bot.studio.option_table import MODEL, STORY
from bot.studio.options import Options, Shape
from bot.studio.orders.admission import Admission
from bot.studio.orders.order_draft import Requester
from bot.studio.studio import Studio
from storage.domain.clip import Container
from storage.domain.errors import BadEndPicture, BadRequest, JobGone, MutoscopeError
from storage.domain.job import Job
from storage.domain.text import clean, printable
from storage.pictures import inspect

STEM_BYTES = 200  # a file's name may have 255 bytes
NAME_WORDS = 6  # of a prompt, that name its clip


@dataclass(frozen=True, slots=True)
class ClipSource:
    """A picture with its prompt, and the name of the clip's file."""

    picture: Path
    prompt: str
    name: str


class Planned(Protocol):
    """One clip to order, and the name of its file."""

    @property
    def name(self) -> str:
        """Return the name of the file."""

    async def model(self, invocation: Invocation) -> str:
        """Return the model that makes the clip; the default one where it cannot be told yet."""

    async def order(self, studio: Studio, requester: Requester) -> Job:
        """Place the order."""


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """One clip to order: the name of its file, its pictures' bytes, and the options."""

    name: str
    picture: bytes
    options: Options
    end_picture: bytes = b""

    async def model(self, invocation: Invocation) -> str:
        """Return the model that makes the clip."""
        return invocation.model_of(self.options)

    async def order(self, studio: Studio, requester: Requester) -> Job:
        """Place the order."""
        return await studio.orders.submit(requester, self.picture, self.options, self.end_picture)


@dataclass(frozen=True, slots=True)
class PlannedExtension:
    """One clip to go on from, by its job's id or its file's sha256, and the options that differ."""

    name: str
    clip: str
    options: Options

    async def model(self, invocation: Invocation) -> str:
        """Return the model that is given, or else that of the clip."""
        if MODEL in self.options:
            return invocation.model_of(self.options)
        async with open_service(invocation.settings) as service:
            try:
                parent = await service.studio.clip_job(self.clip)
            except JobGone:  # the order will say so
                return invocation.model_of(Options())
        return invocation.model_of(Options(model=parent.request.model))

    async def order(self, studio: Studio, requester: Requester) -> Job:
        """Place the order."""
        parent = await studio.clip_job(self.clip)
        options = extension_options(studio.admission, parent).replace(**self.options)
        return await studio.follow_ups.extend(parent.id, requester, options)


def plan(invocation: Invocation) -> tuple[list[PlannedClip], list[str]]:
    """Return what to order, and a message for every clip that cannot be made.

    Raise BadRequest where the prompts or options fit no picture, or where there are no settings in
    the file that they shall be like.
    """
    arguments, admission, text = invocation.arguments, invocation.admission, invocation.text
    clips: list[PlannedClip] = []
    faults: list[str] = []
    story = arguments.command == "story"
    try:
        like, end = _shared(invocation)
    except (OSError, BadEndPicture) as error:
        return [], [_fault(error, invocation)]
    prompts = arguments.prompts or [str(like.get("prompt", ""))]
    prompts = ["\n".join(prompts)] if story else prompts
    suffix = str(arguments.format or like.get("format", Container.MP4))
    sources = pair(arguments.pictures, prompts, not story and arguments.each, suffix)
    for prompt in dict.fromkeys(prompts):
        options = options_of(arguments, prompt, admission, like)
        admission.admit(options, picture="", size=(1, 1), seed=0)
    for source in sources:
        file = printable(source.picture)
        try:
            data = source.picture.read_bytes()
            facts = inspect(data)
            options = options_of(arguments, source.prompt, admission, like)
            admission.admit(options, picture="", size=(facts.width, facts.height), seed=0)
            clips.append(PlannedClip(source.name, data, options, end))
        except OSError as error:
            faults.append(text("cli_unreadable", file=file, reason=error.strerror))
        except MutoscopeError as error:
            faults.append(text("cli_failed", file=file, reason=invocation.error(error)))
    return clips, faults


def _shared(invocation: Invocation) -> tuple[Options, bytes]:
    """Return the options that all clips begin with, and the picture that they end with (or none).

    Raise OSError, BadRequest or BadEndPicture.
    """
    arguments = invocation.arguments
    if arguments.command == "story":
        return Options(**{STORY: 1}), b""
    like = _settings_of(arguments.like, invocation.admission)
    if arguments.end_picture is None:
        return like, b""
    end = arguments.end_picture.read_bytes()
    with of_end_picture():
        inspect(end)
    return like.replace(**{END_PICTURE: hashlib.sha256(end).hexdigest()}), end


def _fault(error: OSError | BadEndPicture, invocation: Invocation) -> str:
    """Return why no clip can be made."""
    if isinstance(error, OSError):
        file = printable(error.filename)
        return invocation.text("cli_unreadable", file=file, reason=error.strerror)
    file = printable(invocation.arguments.end_picture)
    return invocation.text("cli_failed", file=file, reason=invocation.error(error))


@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """One clip whose picture is made first: the name of its file, its shape, and the options."""

    name: str
    shape: Shape
    options: Options

    async def model(self, invocation: Invocation) -> str:
        """Return the model that makes the clip."""
        return invocation.model_of(self.options)

    async def order(self, studio: Studio, requester: Requester) -> Job:
        """Place the order."""
        return await studio.orders.imagine(requester, self.options, self.shape)


def plan_imagined(invocation: Invocation) -> tuple[list[PlannedPicture], list[str]]:
    """Return the order of a clip whose picture is made from the prompt; raise BadRequest."""
    arguments = invocation.arguments
    options = options_of(arguments, arguments.prompt, invocation.admission, Options())
    invocation.admission.imagine(options, arguments.shape.aspect, seed=0)
    words = re.findall(r"\w+", arguments.prompt)[:NAME_WORDS]
    suffix = arguments.format or Container.MP4
    [source] = pair([Path("-".join(words) or "clip")], [arguments.prompt], suffix=suffix)
    return [PlannedPicture(source.name, arguments.shape, options)], []


def _settings_of(file: Path | None, admission: Admission) -> Options:
    """Return the settings in a clip's file, none without one; raise OSError or BadRequest."""
    if file is None:
        return Options()
    return read_settings(file.read_bytes(), admission).options


def plan_extension(invocation: Invocation) -> tuple[list[PlannedExtension], list[str]]:
    """Return the order of what goes on from a clip; whether that is known is seen later."""
    arguments, file = invocation.arguments, Path(invocation.arguments.clip)
    suffix = arguments.format or Container.MP4
    extends = clean(arguments.clip)
    if file.is_file():
        extends = hashlib.sha256(file.read_bytes()).hexdigest()
    [source] = pair([file], [arguments.prompt or ""], suffix=suffix)
    options = options_of(arguments, arguments.prompt, invocation.admission, Options())
    return [PlannedExtension(source.name, extends, options)], []


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
        stem = os.fsdecode(os.fsencode(picture.stem)[:STEM_BYTES])
        count[stem] += 1
        name = f"{stem}__{count[stem]}.{suffix}"
        sources.append(ClipSource(picture, prompt, name))
    return sources
