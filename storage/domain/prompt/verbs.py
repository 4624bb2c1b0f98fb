"""English verbs of motion: the direction that belongs to each, and who it is that moves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from storage.domain.camera.motion import Motion
from storage.domain.prompt.clause import Clause, Token
from storage.domain.prompt.lexicon import (
    CAMERA,
    COMPARED,
    CONTENT,
    DEPTH,
    FILLERS,
    FORMS,
    MOTION_OF,
    NEGATORS,
    OPPOSITE,
    PLACES,
    PLANE,
    VERBS,
    WAYS,
    Verb,
    Way,
    words,
)

_REACH = 9  # how many words a direction may stand behind its verb
_ROLLED = {Way.LEFT: Motion.ROLL_COUNTERCLOCKWISE, Way.RIGHT: Motion.ROLL_CLOCKWISE}
_LEVEL = words("horizontally horizontal sideways sidewise laterally lateral")
_TO = words("to toward towards for at")
_INSIDE = words("the a an place circles slow time front reverse")
_PERSONAL = words(
    "look turn face gaze glance peer peek walk run fly swing climb jump fall sink drop rise float "
    "ride lean shake tremble"
)


class Mover(Enum):
    """Who it is that moves, as far as the words around a verb tell."""

    CAMERA = "camera"
    CONTENT = "content"
    NOBODY = "nobody"  # an order: whoever reads it is meant, and that is the camera
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Link:
    """The direction that belongs to a verb, and what stands between them."""

    way: Way | None = None
    mover: Mover = Mover.NOBODY


def motion_of(clause: Clause, index: int, foreign: bool) -> Motion | None:
    """Return the motion that the verb at an index asks for, None where it is not the camera's."""
    token = clause.tokens[index]
    verb = VERBS[token.verb or ""]
    link = _link(clause, index, verb)
    mover = _mover(clause, index, foreign)
    if link.mover is not Mover.NOBODY and mover is not Mover.CAMERA:
        mover = link.mover
    if link.way is None and token.verb in ("motion", "movement", "move"):
        still = clause.negated(index) or "nothing" in clause.words[:index]
        return Motion.STATIC if still else None
    if mover is Mover.OTHER and not verb.film and not _grows(clause, index):
        return None
    if link.way is not None:
        turns = verb.rolls and _LEVEL.isdisjoint(clause.words)
        return _directed(verb, token, link.way, mover, turns)
    return _alone(clause, index, verb, mover)


def _grows(clause: Clause, index: int) -> bool:
    """Tell whether a thing is to look larger or smaller: "the cat gets bigger"."""
    changes = clause.tokens[index].verb in ("get", "become", "grow", "come", "make", "appear")
    return changes and clause.words[-1] in COMPARED


def _directed(verb: Verb, token: Token, way: Way, mover: Mover, turns: bool) -> Motion:
    if (turns or token.verb == "tilt") and way in _ROLLED:
        return _ROLLED[way]
    if mover is Mover.CONTENT and not verb.film and way in PLANE:
        way = OPPOSITE[way]
    return MOTION_OF[way]


def _alone(clause: Clause, index: int, verb: Verb, mover: Mover) -> Motion | None:
    """Return the motion of a verb without direction, unless it is some thing's name or deed."""
    token, after = clause.tokens[index], clause.words[index + 1 :]
    follower = after[0] if after else ""
    if verb.alone is None or token.form == "ed" or _is_name(follower):
        return None
    if token.verb == "zoom" or (verb.film and follower in CAMERA) or mover is Mover.CAMERA:
        return verb.alone
    if mover is Mover.OTHER:
        return verb.alone if verb.film and token.form == "ing" else None
    if all(word in FILLERS | CAMERA | CONTENT for word in after):
        return verb.alone
    article = index > 0 and clause.words[index - 1] in ("a", "an", "the")
    leads = token.form == "" or follower in FILLERS or follower in WAYS
    return verb.alone if leads and not article else None


def _is_name(follower: str) -> bool:
    """Tell whether the word behind a verb makes a name or another deed of it: "shake hands"."""
    deed = follower in FORMS and follower not in FILLERS
    return deed or follower in ("of", "hands", "hand", "head")


def _link(clause: Clause, index: int, verb: Verb) -> _Link:
    """Return the direction of the verb at an index: behind it, or else right before it."""
    mover, origin = Mover.NOBODY, None
    words = clause.words
    for position in range(index + 1, min(len(words), index + 1 + _REACH)):
        word, before = words[position], words[position - 1]
        if word in CAMERA | CONTENT:
            mover = Mover.CAMERA if word in CAMERA else Mover.CONTENT
        way = _way(words, position, verb)
        if way is not None and "from" in words[max(index, position - 2) : position]:
            origin = way
        elif way is not None:
            return _Link(_end(words, position, way), mover)
        elif not _passes(word, before, verb.compares):
            break
    if origin is not None:
        return _Link(OPPOSITE[origin], mover)
    return _Link(_before(words, index, verb), mover)


def _passes(word: str, before: str, loose: bool) -> bool:
    """Tell whether a direction may still follow behind this word."""
    known = any(word in group for group in (FILLERS, CAMERA, CONTENT, WAYS))
    return known or loose or (before in ("the", "from") and word in PLACES)


def _way(words: tuple[str, ...], position: int, verb: Verb) -> Way | None:
    """Return the direction that a word names for this verb, None where it means another thing."""
    word = words[position]
    if word in PLACES and _TO.intersection(words[max(0, position - 2) : position]):
        return PLACES[word] if verb.ways >= PLANE else None
    way = WAYS.get(word)
    fits = way in verb.ways and (not verb.compares or word in COMPARED)
    if not fits or _is_preposition(words, position):
        return None
    reaches = word == "up" and words[position + 1 : position + 2] == ("to",)
    return Way.IN if reaches and verb.ways >= DEPTH and not _next_way(words, position) else way


def _is_preposition(words: tuple[str, ...], position: int) -> bool:
    """Tell whether a word like "in" leads to a place here and is no direction."""
    word, after = words[position], words[position + 1 : position + 3]
    if word in ("toward", "towards", "onto"):
        return _next_way(words, position)
    return word == "in" and after[:1] != () and after[0] in _INSIDE


def _next_way(words: tuple[str, ...], position: int) -> bool:
    """Tell whether a direction, or a place that stands for one, follows soon."""
    return any(word in WAYS or word in PLACES for word in words[position + 1 : position + 4])


def _end(words: tuple[str, ...], position: int, way: Way) -> Way:
    """Return where "left to right" ends."""
    rest = [word for word in words[position + 1 : position + 4] if word != "the"]
    if len(rest) > 1 and rest[0] == "to" and WAYS.get(rest[1]) is OPPOSITE[way]:
        return OPPOSITE[way]
    return way


def _before(words: tuple[str, ...], index: int, verb: Verb) -> Way | None:
    for position in range(index - 1, max(-1, index - 4), -1):
        way = WAYS.get(words[position])
        if way is not None:
            fits = way in verb.ways and (
                way not in DEPTH or words[position].endswith(("ward", "reverse"))
            )
            return way if fits else None
        if words[position] not in FILLERS and words[position] not in CAMERA:
            return None
    return None


def _mover(clause: Clause, index: int, foreign: bool) -> Mover:
    """Return who moves, by the nearest noun before the verb."""
    first = [word for word in clause.words[:index] if word not in ("the", "a", "our")][:1]
    for token in reversed(clause.tokens[:index]):
        if token.word in CAMERA:
            return Mover.CAMERA
        if token.word in CONTENT:
            return Mover.CONTENT
        passes = token.word in FILLERS or token.word in NEGATORS or token.word in WAYS
        if not passes and token.verb is None:
            return Mover.CAMERA if first and first[0] in CAMERA - {"shot"} else Mover.OTHER
    return Mover.OTHER if foreign and _is_inherited(clause, index) else Mover.NOBODY


def _is_inherited(clause: Clause, index: int) -> bool:
    """Tell whether whoever acts in the clause before goes on to act in this one."""
    token = clause.tokens[index]
    if clause.joiner in ("and", "then", "or"):
        return True
    return clause.joiner == "," and token.form in ("ing", "s") and token.verb in _PERSONAL
