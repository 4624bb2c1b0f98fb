"""English wordings of camera motions: its clauses, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from storage.domain.camera.motion import Motion, Speed
from storage.domain.prompt.clause import Clause, clauses
from storage.domain.prompt.lexicon import (
    CAMERA,
    CONTENT,
    FAST,
    FILLERS,
    HELD,
    MOTION_OF,
    NEGATORS,
    OPPOSITE,
    PLACES,
    SLOW,
    STEADY,
    STILL,
    WAYS,
    words,
)
from storage.domain.prompt.mention import Mention, Rank
from storage.domain.prompt.verbs import motion_of

_CLOSE = (("close", "up"), ("closer", "look"), ("close", "look"))
_HIDDEN = {
    **dict.fromkeys(("above", "overhead"), Motion.TILT_UP),
    **dict.fromkeys(("below", "beneath", "underneath"), Motion.TILT_DOWN),
}
_LEADING = words("in into toward towards onto off wide close near")


def mentions(text: str) -> list[Mention]:
    """Return what a lower-case English text asks of the camera, in its order."""
    found: list[Mention] = []
    foreign = False
    parts = clauses(text)
    for index, clause in enumerate(parts):
        own = [*_verbs(clause, foreign), *_manners(clause)]
        if not own:
            own = list(_bare(clause, foreign))
        own = _ruled_out(clause, own, found, parts[index + 1 : index + 2])
        foreign = not own and _is_foreign(clause)
        speed = _speed(clause)
        found.extend(replace(mention, speed=speed) for mention in own)
    return found


def loose_speed(text: str) -> Speed | None:
    """Return the speed that a clause of nothing but small words names: "pan left, slowly"."""
    small = FILLERS | CAMERA | CONTENT | NEGATORS
    for clause in clauses(text):
        speed = _speed(clause)
        if speed and all(token.word in small for token in clause.tokens):
            return speed
    return None


def _is_foreign(clause: Clause) -> bool:
    known = FILLERS | CAMERA | CONTENT | NEGATORS | PLACES.keys()
    return any(token.word not in known and token.word not in WAYS for token in clause.tokens)


def _verbs(clause: Clause, foreign: bool) -> Iterator[Mention]:
    for index, token in enumerate(clause.tokens):
        if token.verb is None:
            continue
        motion = motion_of(clause, index, foreign)
        if motion is not None:
            rank = Rank.REST if motion in (Motion.DRIFT, Motion.STATIC) else Rank.VERB
            yield Mention(token.place, motion, rank, clause.negated(index))


def _manners(clause: Clause) -> Iterator[Mention]:
    """Yield how the camera is held, what it reveals, and that it rests."""
    words, small = clause.words, FILLERS | CAMERA | CONTENT | STEADY | STILL
    calm = all(word in small or word in NEGATORS for word in words) or any(
        word in CAMERA - {"it", "you"} for word in words
    )
    for index, token in enumerate(clause.tokens):
        held = token.word == "hand" and words[index + 1 : index + 2] == ("held",)
        motion, rank = None, Rank.REST
        if token.word in HELD or held:
            motion, rank = Motion.SHAKE, Rank.MANNER
        elif token.word in ("reveal", "reveals", "revealing"):
            motion, rank = _revealed(words[index + 1 :]), Rank.MANNER
        elif token.word == "closeup" or words[index : index + 2] in _CLOSE:
            motion, rank = Motion.ZOOM_IN, Rank.HINT
        elif token.word in STILL or (token.word in STEADY and calm):
            motion = Motion.STATIC
        elif token.word == "ken" and words[index + 1 : index + 2] == ("burns",):
            motion = Motion.DRIFT
        if motion is not None:
            yield Mention(token.place, motion, rank, clause.negated(index))


def _revealed(after: tuple[str, ...]) -> Motion:
    """Return what reveals a thing: a tilt to what lies above or below, else a wider view."""
    return next((_HIDDEN[word] for word in after if word in _HIDDEN), Motion.ZOOM_OUT)


def _bare(clause: Clause, foreign: bool) -> Iterator[Mention]:
    """Yield the direction of a clause that has nothing else to say: "closer", "camera left"."""
    if _is_foreign(clause) or (foreign and clause.joiner == "and"):
        return
    origin = None
    for index, token in enumerate(clause.tokens):
        way = WAYS.get(token.word) or PLACES.get(token.word)
        last = index == len(clause.tokens) - 1
        if way is None or not (last or token.word not in _LEADING):
            continue
        if "from" in clause.words[max(0, index - 2) : index] and not last:
            origin = way
            continue
        yield Mention(token.place, MOTION_OF[way], Rank.VERB, clause.negated(index))
        return
    if origin is not None:
        yield Mention(clause.tokens[0].place, MOTION_OF[OPPOSITE[origin]], Rank.VERB)


def _ruled_out(
    clause: Clause, own: list[Mention], found: list[Mention], following: list[Clause]
) -> list[Mention]:
    """Carry a negation over to what it also means: "no zoom, pan or tilt"."""
    joined = clause.joiner in ("or", "nor")
    listed = clause.joiner == "," and any(part.joiner in ("or", "nor") for part in following)
    short = len(clause.tokens) <= 2 and not any(token.word in WAYS for token in clause.tokens)
    paired = clause.joiner == "and" and short and clause.words[-1:] != ("in",)
    if found and found[-1].negated and (joined or ((listed or paired) and short)):
        return [replace(mention, negated=True) for mention in own]
    return own


def _speed(clause: Clause) -> Speed | None:
    for index, token in enumerate(clause.tokens):
        before = clause.words[max(0, index - 2) : index]
        thing = any(word in ("on", "of", "toward", "towards") for word in before)
        if thing and not token.word.endswith("ly"):
            continue
        if token.word in SLOW:
            return Speed.SLOW
        if token.word in FAST:
            return Speed.SLOW if any(word in NEGATORS for word in before) else Speed.FAST
    return None
