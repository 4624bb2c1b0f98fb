"""Mentions of camera motions in an English text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from storage.domain.camera.motion import Motion, Speed
from storage.domain.prompt.clause import Clause, clauses
from storage.domain.prompt.lexicon import (
    CAMERA,
    CONTENT,
    DIRECTIONS,
    FAST,
    FILLERS,
    MOTION_OF,
    NEGATORS,
    OPPOSITE,
    PLACES,
    SHAKY,
    SLOW,
    STEADY,
    STILL,
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
    """Return the mentions in a normalized text, in their order."""
    found: list[Mention] = []
    other_subject = False
    parts = clauses(text)
    for index, clause in enumerate(parts):
        own = [*_verbs(clause, other_subject), *_manners(clause)]
        if not own:
            own = list(_bare_direction(clause, other_subject))
        own = _with_inherited_negation(clause, own, found, parts[index + 1 : index + 2])
        other_subject = not own and _has_other_words(clause)
        speed = _speed(clause)
        found.extend(replace(mention, speed=speed) for mention in own)
    return found


def loose_speed(text: str) -> Speed | None:
    """Return the speed that a clause of its own names, as in "pan left, slowly"."""
    small = FILLERS | CAMERA | CONTENT | NEGATORS
    for clause in clauses(text):
        speed = _speed(clause)
        if speed and all(token.word in small for token in clause.tokens):
            return speed
    return None


def _has_other_words(clause: Clause) -> bool:
    known = FILLERS | CAMERA | CONTENT | NEGATORS | PLACES.keys()
    return any(token.word not in known and token.word not in DIRECTIONS for token in clause.tokens)


def _verbs(clause: Clause, other_subject: bool) -> Iterator[Mention]:
    for index, token in enumerate(clause.tokens):
        if token.verb is None:
            continue
        motion = motion_of(clause, index, other_subject)
        if motion is not None:
            rank = Rank.REST if motion in (Motion.DRIFT, Motion.STATIC) else Rank.VERB
            yield Mention(token.position, motion, rank, clause.negated(index))


def _manners(clause: Clause) -> Iterator[Mention]:
    """Yield motions without a verb of motion: handheld, reveal, close-up, static."""
    words, small = clause.words, FILLERS | CAMERA | CONTENT | STEADY | STILL
    calm = all(word in small or word in NEGATORS for word in words) or any(
        word in CAMERA - {"it", "you"} for word in words
    )
    for index, token in enumerate(clause.tokens):
        held = token.word == "hand" and words[index + 1 : index + 2] == ("held",)
        motion, rank = None, Rank.REST
        if token.word in SHAKY or held:
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
            yield Mention(token.position, motion, rank, clause.negated(index))


def _revealed(after: tuple[str, ...]) -> Motion:
    """Return a tilt to what is above or below, else a wider view."""
    return next((_HIDDEN[word] for word in after if word in _HIDDEN), Motion.ZOOM_OUT)


def _bare_direction(clause: Clause, other_subject: bool) -> Iterator[Mention]:
    """Yield the direction of a clause without other words: "closer", "camera left"."""
    if _has_other_words(clause) or (other_subject and clause.joiner == "and"):
        return
    origin = None
    for index, token in enumerate(clause.tokens):
        direction = DIRECTIONS.get(token.word) or PLACES.get(token.word)
        last = index == len(clause.tokens) - 1
        if direction is None or not (last or token.word not in _LEADING):
            continue
        if "from" in clause.words[max(0, index - 2) : index] and not last:
            origin = direction
            continue
        yield Mention(token.position, MOTION_OF[direction], Rank.VERB, clause.negated(index))
        return
    if origin is not None:
        yield Mention(clause.tokens[0].position, MOTION_OF[OPPOSITE[origin]], Rank.VERB)


def _with_inherited_negation(
    clause: Clause, own: list[Mention], found: list[Mention], following: list[Clause]
) -> list[Mention]:
    """Extend the last negation over a list, as in "no zoom, pan or tilt"."""
    joined = clause.joiner in ("or", "nor")
    listed = clause.joiner == "," and any(part.joiner in ("or", "nor") for part in following)
    short = len(clause.tokens) <= 2 and not any(token.word in DIRECTIONS for token in clause.tokens)
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
