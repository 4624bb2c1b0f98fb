"""Reading the camera motion, and its speed, from a prompt in English or Chinese.

By rules alone; where they find nothing, the model's text encoder names the nearest motion.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from storage.domain.camera.keyframes import LONGEST, MOTIONS
from storage.domain.camera.motion import Camera, Motion, Reading, Speed
from storage.domain.prompt import chinese, english
from storage.domain.prompt.mention import Mention, Rank
from storage.domain.request import GenerationRequest

THEN = re.compile(
    r"\b(?:then|after that|after which|afterwards?|followed by|next|finally|lastly|and at last)\b"
    r"|然后|然後|接着|接著|随后|隨後|之后|之後|后来|後來|最后|最後|而后|而後|再(?!次|现|現)|(?<![向往朝])[后後](?=[再，,向往朝左右推放缩])"
    # 推近后拉远 goes on after a motion, 镜头后拉 is one motion.
    r"|(?<=[近远遠左右上下入出大小摇搖移转轉,])[后後](?=[拉摇搖上下移转轉])"
)
"""What separates motions that follow each other; a comma alone does not."""


def read(prompt: str) -> Reading | None:
    """Return the camera motion that the prompt names most clearly (the first such), or None."""
    text = normalized(prompt)
    found = mentions(text)
    wanted = [mention for mention in found if not mention.negated]
    if not wanted:
        # A prompt that only rules motions out wants none.
        return Reading(Motion.STATIC) if found else None
    chosen = min(wanted, key=lambda mention: (mention.rank, mention.position))
    loose = english.loose_speed(text) or chinese.loose_speed(text)
    return Reading(chosen.motion, chosen.speed or loose or Speed.NORMAL)


def read_sequence(prompt: str) -> tuple[Reading, ...]:
    """Return the motions that follow each other, as in "first zoom in, then pan left".

    Empty where there are fewer than two different ones.
    """
    text = normalized(prompt)
    edges = [match.start() for match in THEN.finditer(text)]
    if not edges:
        return ()
    found = mentions(text)
    steps: list[Reading] = []
    for start, end in zip([0, *edges], [*edges, len(text)], strict=True):
        steps += readings([mention for mention in found if start <= mention.position < end])[:1]
    several = len({reading.motion for reading in steps}) > 1
    return tuple(steps[:LONGEST]) if several else ()


def resolve(camera: Camera, prompt: str) -> Reading | None:
    """Return what the options and the prompt ask for together; an option wins."""
    reading = read(prompt)
    if camera.motion is not Motion.AUTO:
        reading = Reading(camera.motion, reading.speed if reading else Speed.NORMAL)
    if reading is not None and camera.speed is not Speed.NORMAL:
        reading = replace(reading, speed=camera.speed)
    return reading


def with_reading(request: GenerationRequest) -> GenerationRequest:
    """Return the request with its reading, unless it has one or keyframes."""
    if request.reading is not None or request.camera.keyframes:
        return request
    return replace(request, reading=resolve(request.camera, request.prompt))


def mentions(text: str) -> list[Mention]:
    """Return every mention of a motion in a normalized text, negated ones included."""
    return [*english.mentions(text), *chinese.mentions(text)]


def readings(found: list[Mention]) -> tuple[Reading, ...]:
    """Return the different motions that one step of a sequence names outright, clearest first."""
    outright = [
        mention
        for mention in found
        if not mention.negated
        and mention.motion in MOTIONS
        and (mention.rank is Rank.VERB or mention.motion is Motion.STATIC)
    ]
    ranked = sorted(outright, key=lambda mention: (mention.rank, mention.position))
    first = {mention.motion: mention for mention in reversed(ranked)}
    return tuple(
        Reading(mention.motion, mention.speed or Speed.NORMAL)
        for mention in ranked
        if first[mention.motion] is mention
    )


def normalized(prompt: str) -> str:
    """Return the prompt in NFKC and lower case, with hyphens and underscores as spaces."""
    text = unicodedata.normalize("NFKC", prompt).casefold().replace("\u2019", "'")
    return text.replace("-", " ").replace("_", " ")
