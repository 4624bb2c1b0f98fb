"""Mentions of camera motions in an English text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from storage.domain.camera.motion import Motion, Speed
from storage.domain.prompt import negation
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
    SHAKEN,
    SHAKY,
    SLOW,
    STEADY,
    STILL,
    TARGETS,
    words,
)
from storage.domain.prompt.mention import Mention, Rank
from storage.domain.prompt.subject import is_posture, is_target, names_camera
from storage.domain.prompt.verbs import motion_of

_CLOSE = (("closer", "look"), ("close", "look"))
_THINGS = words("subject object background character person pose face")
_NAMED = CAMERA - {"it", "you"}
_CAMERAS = words("camera cam viewpoint gimbal lens")
_AUXILIARIES = words("should must will can could to is does has")
_VERBAL = re.compile(r"[a-z]{2,}[^s]s|[a-z]{2,}ing")
_HIDDEN = {
    **dict.fromkeys(("above", "overhead"), Motion.TILT_UP),
    **dict.fromkeys(("below", "beneath", "underneath"), Motion.TILT_DOWN),
}
_KNOWN = FILLERS | CAMERA | TARGETS | NEGATORS | PLACES.keys() | DIRECTIONS.keys()
_CALM = FILLERS | CAMERA | CONTENT | STEADY | STILL | SHAKEN | NEGATORS
_SMALL = FILLERS | CAMERA | TARGETS | NEGATORS
_DETERMINERS = words("the a an this that our my main")
_HOLDS = words("hold holds holding")
_LIMBS = words("hand hands")
_AIMING = words("to toward towards from at")
_LEADING = words("in into toward towards onto off wide close near")


def mentions(text: str, explicit: bool = False) -> list[Mention]:
    """Return the mentions in a normalized text, in their order.

    explicit leaves out what is not beyond doubt English: directions and verbs that stand alone.
    """
    found: list[Mention] = []
    other_subject = False
    parts = clauses(text)
    others = sum(map(_has_other_words, parts))
    for clause, ruled_out in zip(parts, negation.inherited(parts), strict=True):
        crowd = others > int(_has_other_words(clause))
        own = [*_verbs(clause, other_subject, crowd, explicit), *_manners(clause, crowd)]
        if not own and not explicit:
            own = list(_bare_direction(clause, other_subject))
        if ruled_out:
            own = [replace(mention, negated=True) for mention in own]
        other_subject = not own and (_has_other_words(clause) or _begins_with_subject(clause))
        speed = _speed(clause)
        found.extend(replace(mention, speed=speed) for mention in own)
    return found


def loose_speed(text: str) -> Speed | None:
    """Return the speed that a clause of its own names, as in "pan left, slowly"."""
    for clause in clauses(text):
        speed = _speed(clause)
        if speed and all(token.word in _SMALL for token in clause.tokens):
            return speed
    return None


def speaks_of_camera(text: str) -> bool:
    """Tell whether something is said of the camera, whether it is understood or not."""
    return any(
        _acts(clause, index) for clause in clauses(text) for index in range(len(clause.words))
    )


def _acts(clause: Clause, index: int) -> bool:
    """Tell whether the word at an index is a camera that does something."""
    if clause.words[index] not in _CAMERAS or is_target(clause.words, index):
        return False
    following = clause.tokens[index + 1 : index + 2]
    return any(
        token.form in ("s", "ing") or token.word in _AUXILIARIES or _VERBAL.fullmatch(token.word)
        for token in following
    )


def _has_other_words(clause: Clause) -> bool:
    return any(token.word not in _KNOWN for token in clause.tokens)


def _begins_with_subject(clause: Clause) -> bool:
    """Tell whether a clause says what a subject or an object does."""
    nouns = (token.word for token in clause.tokens if token.word not in _DETERMINERS)
    return next(nouns, "") in ("subject", "object")


def _verbs(clause: Clause, other_subject: bool, crowd: bool, explicit: bool) -> Iterator[Mention]:
    """Yield the motions of verbs; crowd tells that other clauses are about something else."""
    for index, token in enumerate(clause.tokens):
        if token.verb is None or (crowd and is_posture(clause, index) and not names_camera(clause)):
            continue
        found = motion_of(clause, index, other_subject, explicit)
        if found is not None:
            motion, rank = found
            negated = motion is not Motion.STATIC and clause.negated(index)
            yield Mention(token.position, motion, rank, negated)


def _manners(clause: Clause, crowd: bool) -> Iterator[Mention]:
    """Yield motions without a verb of motion: handheld, reveal, a closer look, static."""
    words = clause.words
    calm = _CALM.issuperset(words) or any(word in _NAMED for word in words)
    shaken = calm and (not crowd or any(word in _NAMED for word in words) or "handheld" in words)
    of_thing = not _THINGS.isdisjoint(words) and not names_camera(clause)
    for index, token in enumerate(clause.tokens):
        held = token.word == "hand" and words[index + 1 : index + 2] == ("held",)
        motion, rank = None, Rank.REST
        if token.word in SHAKY or (token.word in SHAKEN and shaken) or held:
            motion, rank = Motion.SHAKE, Rank.MANNER
        elif token.word in ("reveal", "reveals", "revealing"):
            motion, rank = _revealed(words[index + 1 :]), Rank.MANNER
        elif words[index : index + 2] in _CLOSE:
            motion, rank = Motion.ZOOM_IN, Rank.MANNER
        elif token.word in _HOLDS and not _KNOWN.issuperset(words[:index]):
            continue  # somebody holds something
        elif not of_thing and (token.word in STILL or (token.word in STEADY and calm)):
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
    acts = not _LIMBS.isdisjoint(clause.words) or _begins_with_subject(clause)
    if (
        acts
        or _has_other_words(clause)
        or (other_subject and clause.joiner in ("and", "then", "or"))
    ):
        return
    origin = None
    for index, token in enumerate(clause.tokens):
        aimed = not _AIMING.isdisjoint(clause.words[max(0, index - 2) : index])
        direction = DIRECTIONS.get(token.word) or (PLACES.get(token.word) if aimed else None)
        last = index == len(clause.tokens) - 1
        of = clause.words[index + 1 : index + 2] == ("of",)
        if direction is None or of or not (last or token.word not in _LEADING):
            continue
        if "from" in clause.words[max(0, index - 2) : index] and not last:
            origin = direction
            continue
        yield Mention(token.position, MOTION_OF[direction], Rank.VERB, clause.negated(index))
        return
    if origin is not None:
        yield Mention(clause.tokens[0].position, MOTION_OF[OPPOSITE[origin]], Rank.VERB)


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
