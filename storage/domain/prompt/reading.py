"""Reading the camera motion, and its speed, from a prompt in English or Chinese.

By rules alone; where they find nothing, the model's text encoder names the nearest motion.
"""

from __future__ import annotations

import re
from dataclasses import replace

from storage.domain.camera.keyframes import LONGEST, MOTIONS
from storage.domain.camera.motion import Camera, Motion, Reading, Speed
from storage.domain.prompt import chinese, english
from storage.domain.prompt.language import has_kana, is_other_language
from storage.domain.prompt.mention import Mention, Rank
from storage.domain.prompt.normal_form import normalized
from storage.domain.request import GenerationRequest

THEN = re.compile(
    r"\b(?:then|after that|after which|afterwards?|followed by|next|finally|lastly|and at last)\b"
    r"|然后|然後|接着|接著|随后|隨後|之后|之後|后来|後來|最后|最後|而后|而後|再(?!次|现|現)|(?<![向往朝])[后後](?=[再，,向往朝左右推放缩])"
    # 推近后拉远 goes on after a motion, 镜头后拉 is one motion.
    r"|(?<=[近远遠左右上下入出大小摇搖移转轉,])[后後](?=[拉摇搖上下移转轉])"
)
"""What separates motions that follow each other; a comma alone does not."""
_CAMERA_MOTION = re.compile(
    r"\b(?:camera|cam) (?:movements?|motions?|moves?|moving)\b"
    r"|(?:镜头|鏡頭|相机|相機)(?:运动|運動|移动|移動)|运镜|運鏡"
)
_OUTRIGHT = (Rank.CAMERA, Rank.VERB, Rank.CONTENT)


def read(prompt: str, negative_prompt: str = "") -> Reading | None:
    """Return the camera motion that the prompt names most clearly (the first such), or None.

    A motion that is only ruled out, in the prompt or the negative prompt, gives a camera that holds
    still.
    """
    text = normalized(prompt)
    found = mentions(text)
    wanted = [mention for mention in found if not mention.negated]
    if not wanted:
        ruled_out = any(mention.motion is not Motion.STATIC for mention in found)
        still = ruled_out or _rules_out(negative_prompt)
        return Reading(Motion.STATIC) if still else None
    chosen = min(wanted, key=lambda mention: (mention.rank, mention.position))
    loose = english.loose_speed(text) or chinese.loose_speed(text)
    return Reading(chosen.motion, chosen.speed or loose or Speed.NORMAL)


def speaks_of_camera(prompt: str) -> bool:
    """Tell whether a prompt says something of the camera, in a language that is read.

    Only then may its motion be guessed where nothing was read.
    """
    text = normalized(prompt)
    if is_other_language(text):
        return False
    return english.speaks_of_camera(text) or chinese.speaks_of_camera(text)


def in_other_language(prompt: str) -> bool:
    """Tell whether a prompt is in a language whose camera words are not read."""
    return is_other_language(normalized(prompt))


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


def resolve(camera: Camera, prompt: str, negative_prompt: str = "") -> Reading | None:
    """Return what the options and the prompts ask for together; an option wins."""
    reading = read(prompt, negative_prompt)
    if camera.motion is not Motion.AUTO:
        reading = Reading(camera.motion, reading.speed if reading else Speed.NORMAL)
    if reading is not None and camera.speed is not Speed.NORMAL:
        reading = replace(reading, speed=camera.speed)
    return reading


def with_reading(request: GenerationRequest) -> GenerationRequest:
    """Return the request with its reading, unless it has one, keyframes, or several segments."""
    if request.reading is not None or request.camera.keyframes or request.segments:
        return request
    reading = resolve(request.camera, request.prompt, request.negative_prompt)
    return replace(request, reading=reading)


def mentions(text: str) -> list[Mention]:
    """Return every mention of a motion in a normalized text, negated ones included."""
    found = english.mentions(text, explicit=is_other_language(text))
    return found if has_kana(text) else [*found, *chinese.mentions(text)]


def _rules_out(negative_prompt: str) -> bool:
    """Tell whether a negative prompt names camera motions; those of a poor clip are no motions."""
    text = normalized(f"avoid: {negative_prompt}")
    if is_other_language(text):
        return False
    mild = (Motion.STATIC, Motion.SHAKE, Motion.DRIFT)
    named = (mention for mention in mentions(text) if mention.rank is Rank.CAMERA)
    return bool(_CAMERA_MOTION.search(text)) or any(one.motion not in mild for one in named)


def readings(found: list[Mention]) -> tuple[Reading, ...]:
    """Return the different motions that one step of a sequence names outright, clearest first."""
    outright = [
        mention
        for mention in found
        if not mention.negated
        and mention.motion in MOTIONS
        and (mention.rank in _OUTRIGHT or mention.motion is Motion.STATIC)
    ]
    ranked = sorted(outright, key=lambda mention: (mention.rank, mention.position))
    first = {mention.motion: mention for mention in reversed(ranked)}
    return tuple(
        Reading(mention.motion, mention.speed or Speed.NORMAL)
        for mention in ranked
        if first[mention.motion] is mention
    )
