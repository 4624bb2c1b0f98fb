"""The motion that an English verb asks of the camera: its subject and its direction."""

from __future__ import annotations

from dataclasses import dataclass

from storage.domain.camera.motion import Motion
from storage.domain.prompt import senses
from storage.domain.prompt.clause import Clause, Token
from storage.domain.prompt.lexicon import (
    CAMERA,
    COMPARATIVES,
    CONTENT,
    DEPTH,
    DIRECTIONS,
    FILLERS,
    MOTION_OF,
    OPPOSITE,
    PLACES,
    PLANE,
    TARGETS,
    VERBS,
    Direction,
    Verb,
    words,
)
from storage.domain.prompt.mention import Rank
from storage.domain.prompt.subject import VerbSubject, is_target, subject_of

_WINDOW = 9  # how many words after its verb a direction may stand
_ROLLED = {Direction.LEFT: Motion.ROLL_COUNTERCLOCKWISE, Direction.RIGHT: Motion.ROLL_CLOCKWISE}
_LEVEL = words("horizontally horizontal sideways sidewise laterally lateral")
_TO = words("to toward towards for at")
_INSIDE = words("the a an place circles slow time front reverse")


@dataclass(frozen=True, slots=True)
class _Link:
    """The direction of a verb, and a noun between them that may be its subject."""

    direction: Direction | None = None
    subject: VerbSubject = VerbSubject.NONE


def motion_of(
    clause: Clause, index: int, other_subject: bool, explicit: bool = False
) -> tuple[Motion, Rank] | None:
    """Return the motion that the verb at an index asks of the camera, or None, and its rank.

    other_subject tells whether the clause before was about something else than the camera; explicit
    that a verb without a direction says nothing.
    """
    token = clause.tokens[index]
    verb = VERBS[token.verb or ""]
    link = _linked_direction(clause, index, verb)
    subject = subject_of(clause, index, other_subject)
    if link.subject is not VerbSubject.NONE and subject is not VerbSubject.CAMERA:
        subject = link.subject
    if link.direction is None and token.verb in ("motion", "movement", "move"):
        still = clause.negated(index) or "nothing" in clause.words[:index]
        return (Motion.STATIC, Rank.REST) if still and not _is_target_after(clause, index) else None
    if _belongs_to_other(clause, index, verb, subject):
        return None
    if link.direction is not None:
        rolls = verb.rolls and _LEVEL.isdisjoint(clause.words)
        motion: Motion | None = _directed(verb, token, link.direction, subject, rolls)
    else:
        motion = None if explicit else _undirected(clause, index, verb, subject)
    return None if motion is None else (motion, _rank(motion, verb, subject))


def _rank(motion: Motion, verb: Verb, subject: VerbSubject) -> Rank:
    if motion in (Motion.DRIFT, Motion.STATIC):
        return Rank.REST
    if verb.camera_only or subject is VerbSubject.CAMERA:
        return Rank.CAMERA
    return Rank.CONTENT if subject is VerbSubject.CONTENT else Rank.VERB


def _belongs_to_other(clause: Clause, index: int, verb: Verb, subject: VerbSubject) -> bool:
    """Tell whether something else than the camera does what the verb at an index says."""
    if subject is VerbSubject.CAMERA:
        return False
    if senses.is_other_thing(clause, index):
        return True
    if verb.camera_only:
        return subject is VerbSubject.OTHER and senses.is_done_by_things(clause, index)
    other = subject is VerbSubject.OTHER and not _changes_size(clause, index)
    return other or _is_target_after(clause, index)


def _is_target_after(clause: Clause, index: int) -> bool:
    """Tell whether a verb leads to the camera, as in "walking towards the camera"."""
    words = clause.words
    return any(
        words[position] in CAMERA and is_target(words, position)
        for position in range(index + 1, min(len(words), index + 5))
    )


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
    if verb.default is None or token.form == "ed" or senses.has_other_meaning(clause, index):
        return None
    if (
        token.verb == "zoom"
        or (verb.camera_only and follower in CAMERA)
        or subject is VerbSubject.CAMERA
    ):
        return verb.default
    if subject is VerbSubject.OTHER:
        return verb.default if verb.camera_only and token.form == "ing" else None
    if all(word in FILLERS | CAMERA | TARGETS for word in after):
        return verb.default
    if not verb.camera_only and senses.has_object(clause, index):
        return None
    article = index > 0 and clause.words[index - 1] in ("a", "an", "the")
    leads = any(follower in group for group in (FILLERS, DIRECTIONS, CAMERA, TARGETS, PLACES))
    imperative = verb.camera_only and token.form == ""
    return verb.default if (leads or imperative) and not article else None


def _linked_direction(clause: Clause, index: int, verb: Verb) -> _Link:
    """Return the direction after the verb at an index, or else right before it."""
    subject, origin = VerbSubject.NONE, None
    words = clause.words
    for position in range(index + 1, min(len(words), index + 1 + _WINDOW)):
        word, before = words[position], words[position - 1]
        if word in CAMERA:
            subject = VerbSubject.CAMERA
        elif word in CONTENT:
            subject = VerbSubject.CONTENT
        elif word in TARGETS and clause.tokens[index].verb not in ("follow", "lead"):
            subject = VerbSubject.OTHER
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
    known = any(word in group for group in (FILLERS, CAMERA, TARGETS, DIRECTIONS))
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
