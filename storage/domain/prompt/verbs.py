"""The motion that an English verb asks of the camera: its subject and its direction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from storage.domain.camera.motion import Motion
from storage.domain.prompt.clause import Clause, Token
from storage.domain.prompt.lexicon import (
    CAMERA,
    COMPARATIVES,
    CONTENT,
    DEPTH,
    DIRECTIONS,
    FILLERS,
    FORMS,
    MOTION_OF,
    NEGATORS,
    OPPOSITE,
    PLACES,
    PLANE,
    VERBS,
    Direction,
    Verb,
    words,
)

_WINDOW = 9  # how many words after its verb a direction may stand
_ROLLED = {Direction.LEFT: Motion.ROLL_COUNTERCLOCKWISE, Direction.RIGHT: Motion.ROLL_CLOCKWISE}
_LEVEL = words("horizontally horizontal sideways sidewise laterally lateral")
_TO = words("to toward towards for at")
_INSIDE = words("the a an place circles slow time front reverse")
_PERSONAL = words(
    "look turn face gaze glance peer peek walk run fly swing climb jump fall sink drop rise float "
    "ride lean shake tremble"
)


class VerbSubject(Enum):
    """The grammatical subject of a verb."""

    CAMERA = "camera"
    CONTENT = "content"
    NONE = "none"  # an imperative, which addresses the camera
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Link:
    """The direction of a verb, and a noun between them that may be its subject."""

    direction: Direction | None = None
    subject: VerbSubject = VerbSubject.NONE


def motion_of(clause: Clause, index: int, other_subject: bool) -> Motion | None:
    """Return the motion that the verb at an index asks of the camera, or None.

    other_subject tells whether the clause before was about something else than the camera.
    """
    token = clause.tokens[index]
    verb = VERBS[token.verb or ""]
    link = _linked_direction(clause, index, verb)
    subject = _subject(clause, index, other_subject)
    if link.subject is not VerbSubject.NONE and subject is not VerbSubject.CAMERA:
        subject = link.subject
    if link.direction is None and token.verb in ("motion", "movement", "move"):
        still = clause.negated(index) or "nothing" in clause.words[:index]
        return Motion.STATIC if still else None
    if subject is VerbSubject.OTHER and not verb.camera_only and not _changes_size(clause, index):
        return None
    if link.direction is not None:
        rolls = verb.rolls and _LEVEL.isdisjoint(clause.words)
        return _directed(verb, token, link.direction, subject, rolls)
    return _undirected(clause, index, verb, subject)


def _changes_size(clause: Clause, index: int) -> bool:
    """Tell whether the size of a thing changes, as in "the cat gets bigger"."""
    changes = clause.tokens[index].verb in ("get", "become", "grow", "come", "make", "appear")
    return changes and clause.words[-1] in COMPARATIVES


def _directed(
    verb: Verb, token: Token, direction: Direction, subject: VerbSubject, rolls: bool
) -> Motion:
    if (rolls or token.verb == "tilt") and direction in _ROLLED:
        return _ROLLED[direction]
    if subject is VerbSubject.CONTENT and not verb.camera_only and direction in PLANE:
        direction = OPPOSITE[direction]
    return MOTION_OF[direction]


def _undirected(clause: Clause, index: int, verb: Verb, subject: VerbSubject) -> Motion | None:
    """Return the motion of a verb without direction, unless it belongs to something else."""
    token, after = clause.tokens[index], clause.words[index + 1 :]
    follower = after[0] if after else ""
    if verb.default is None or token.form == "ed" or _has_other_meaning(follower):
        return None
    if (
        token.verb == "zoom"
        or (verb.camera_only and follower in CAMERA)
        or subject is VerbSubject.CAMERA
    ):
        return verb.default
    if subject is VerbSubject.OTHER:
        return verb.default if verb.camera_only and token.form == "ing" else None
    if all(word in FILLERS | CAMERA | CONTENT for word in after):
        return verb.default
    article = index > 0 and clause.words[index - 1] in ("a", "an", "the")
    leads = token.form == "" or follower in FILLERS or follower in DIRECTIONS
    return verb.default if leads and not article else None


def _has_other_meaning(follower: str) -> bool:
    """Tell whether the next word gives the verb another meaning, as in "shake hands"."""
    verb = follower in FORMS and follower not in FILLERS
    return verb or follower in ("of", "hands", "hand", "head")


def _linked_direction(clause: Clause, index: int, verb: Verb) -> _Link:
    """Return the direction after the verb at an index, or else right before it."""
    subject, origin = VerbSubject.NONE, None
    words = clause.words
    for position in range(index + 1, min(len(words), index + 1 + _WINDOW)):
        word, before = words[position], words[position - 1]
        if word in CAMERA | CONTENT:
            subject = VerbSubject.CAMERA if word in CAMERA else VerbSubject.CONTENT
        direction = _direction(words, position, verb)
        if direction is not None and "from" in words[max(index, position - 2) : position]:
            origin = direction
        elif direction is not None:
            return _Link(_destination(words, position, direction), subject)
        elif not _may_precede_direction(word, before, verb.comparative):
            break
    if origin is not None:
        return _Link(OPPOSITE[origin], subject)
    return _Link(_direction_before(words, index, verb), subject)


def _may_precede_direction(word: str, before: str, loose: bool) -> bool:
    """Tell whether a direction may still follow this word."""
    known = any(word in group for group in (FILLERS, CAMERA, CONTENT, DIRECTIONS))
    return known or loose or (before in ("the", "from") and word in PLACES)


def _direction(words: tuple[str, ...], position: int, verb: Verb) -> Direction | None:
    """Return the direction that a word means for this verb, or None."""
    word = words[position]
    if word in PLACES and _TO.intersection(words[max(0, position - 2) : position]):
        return PLACES[word] if verb.directions >= PLANE else None
    direction = DIRECTIONS.get(word)
    fits = direction in verb.directions and (not verb.comparative or word in COMPARATIVES)
    if not fits or _is_preposition(words, position):
        return None
    reaches = word == "up" and words[position + 1 : position + 2] == ("to",)
    return (
        Direction.IN
        if reaches and verb.directions >= DEPTH and not _direction_follows(words, position)
        else direction
    )


def _is_preposition(words: tuple[str, ...], position: int) -> bool:
    """Tell whether a word like "in" is a preposition here and no direction."""
    word, after = words[position], words[position + 1 : position + 3]
    if word in ("toward", "towards", "onto"):
        return _direction_follows(words, position)
    return word == "in" and after[:1] != () and after[0] in _INSIDE


def _direction_follows(words: tuple[str, ...], position: int) -> bool:
    """Tell whether a direction, or a place that implies one, follows within three words."""
    return any(word in DIRECTIONS or word in PLACES for word in words[position + 1 : position + 4])


def _destination(words: tuple[str, ...], position: int, direction: Direction) -> Direction:
    """Return the last direction of a range such as "left to right"."""
    rest = [word for word in words[position + 1 : position + 4] if word != "the"]
    if len(rest) > 1 and rest[0] == "to" and DIRECTIONS.get(rest[1]) is OPPOSITE[direction]:
        return OPPOSITE[direction]
    return direction


def _direction_before(words: tuple[str, ...], index: int, verb: Verb) -> Direction | None:
    for position in range(index - 1, max(-1, index - 4), -1):
        direction = DIRECTIONS.get(words[position])
        if direction is not None:
            fits = direction in verb.directions and (
                direction not in DEPTH or words[position].endswith(("ward", "reverse"))
            )
            return direction if fits else None
        if words[position] not in FILLERS and words[position] not in CAMERA:
            return None
    return None


def _subject(clause: Clause, index: int, other_subject: bool) -> VerbSubject:
    """Return the subject by the nearest noun before the verb."""
    first = [word for word in clause.words[:index] if word not in ("the", "a", "our")][:1]
    for token in reversed(clause.tokens[:index]):
        if token.word in CAMERA:
            return VerbSubject.CAMERA
        if token.word in CONTENT:
            return VerbSubject.CONTENT
        passes = token.word in FILLERS or token.word in NEGATORS or token.word in DIRECTIONS
        if not passes and token.verb is None:
            return (
                VerbSubject.CAMERA if first and first[0] in CAMERA - {"shot"} else VerbSubject.OTHER
            )
    return VerbSubject.OTHER if other_subject and _is_inherited(clause, index) else VerbSubject.NONE


def _is_inherited(clause: Clause, index: int) -> bool:
    """Tell whether the verb shares the subject of the clause before."""
    token = clause.tokens[index]
    if clause.joiner in ("and", "then", "or"):
        return True
    return clause.joiner == "," and token.form in ("ing", "s") and token.verb in _PERSONAL
