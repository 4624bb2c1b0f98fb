"""Who moves: the grammatical subject of an English verb."""

from __future__ import annotations

from enum import Enum

from storage.domain.prompt.clause import Clause
from storage.domain.prompt.lexicon import CAMERA, CONTENT, DIRECTIONS, FILLERS, NEGATORS, words

_PERSONAL = words(
    "look turn face gaze glance peer peek walk run fly swing climb jump fall sink drop rise float "
    "ride lean shake tremble"
)
_BODILY = _PERSONAL - {"shake", "tremble"}
_POSTURES = words("look turn face gaze glance peer peek walk run jump lean")
_ARTS = words("zoom pan tilt dolly push pull move movement motion rotation")
_REACHING = words("at to toward towards into past behind facing for from onto")
_NAMED = CAMERA - {"it", "you", "us", "we"}
_ARTICLES = words("the a an this that our my your")
_DESCRIBING = words("of showing with featuring")


class VerbSubject(Enum):
    """The grammatical subject of a verb."""

    CAMERA = "camera"
    CONTENT = "content"
    NONE = "none"  # an imperative, which addresses the camera
    OTHER = "other"


def subject_of(clause: Clause, index: int, other_subject: bool) -> VerbSubject:
    """Return the subject of the verb at an index by the nearest noun before it.

    other_subject tells whether the clause before was about something else than the camera.
    """
    for position in range(index - 1, -1, -1):
        token = clause.tokens[position]
        if token.word in CAMERA:
            return _camera_or_other(clause, position, index, other_subject)
        if token.word in CONTENT:
            if clause.tokens[index].verb in _BODILY:
                return VerbSubject.OTHER
            return VerbSubject.CONTENT
        passes = token.word in FILLERS or token.word in NEGATORS or token.word in DIRECTIONS
        if not passes and (token.verb is None or _is_noun(clause, position)):
            return _of_clause(clause)
    return VerbSubject.OTHER if other_subject and _is_inherited(clause, index) else VerbSubject.NONE


def names_camera(clause: Clause) -> bool:
    """Tell whether a clause is about the camera, other than as what somebody looks at."""
    return any(
        word in _NAMED and not is_target(clause.words, position)
        for position, word in enumerate(clause.words)
    )


def is_posture(clause: Clause, index: int) -> bool:
    """Tell whether a verb is one of those that describe a figure, as in "looking up"."""
    token = clause.tokens[index]
    return token.form == "ing" and token.verb in _POSTURES


def is_target(words: tuple[str, ...], position: int) -> bool:
    """Tell whether somebody looks or goes at the camera, as in "smiling at the camera"."""
    before = position - 1
    while before >= 0 and words[before] in _ARTICLES:
        before -= 1
    sided = words[position + 1 : position + 2] in (("left",), ("right",))
    fronted = words[max(0, before - 1) : before + 1] == ("front", "of")
    return before >= 0 and not sided and (words[before] in _REACHING or fronted)


def _camera_or_other(clause: Clause, position: int, index: int, other_subject: bool) -> VerbSubject:
    words, verb = clause.words, clause.tokens[index].verb
    described = words[position + 1 : position + 2]
    personal = words[position] == "it" and other_subject and verb in _PERSONAL
    if personal or is_target(words, position) or (described and described[0] in _DESCRIBING):
        return VerbSubject.OTHER
    return VerbSubject.CAMERA


def _of_clause(clause: Clause) -> VerbSubject:
    """Return the camera for every verb of a clause that begins with it."""
    rest = [word for word in clause.words if word not in ("the", "a", "our")]
    begins = rest[0] in CAMERA - {"shot"} and rest[1:2] != ["of"]
    return VerbSubject.CAMERA if begins else VerbSubject.OTHER


def _is_noun(clause: Clause, position: int) -> bool:
    """Tell whether a word that may be a verb is the subject of the next, as in "a truck turns"."""
    token, following = clause.tokens[position], clause.tokens[position + 1]
    acts = following.verb is not None and following.form != "" and following.word not in FILLERS
    return acts and token.form in ("", "s") and token.verb not in _ARTS


def _is_inherited(clause: Clause, index: int) -> bool:
    """Tell whether the verb shares the subject of the clause before."""
    token = clause.tokens[index]
    if clause.joiner in ("and", "then", "or"):
        return True
    return clause.joiner == "," and token.form in ("ing", "s") and token.verb in _PERSONAL
