"""Whether an English word that may be a verb of the camera means something else here."""

from __future__ import annotations

from storage.domain.prompt.clause import Clause
from storage.domain.prompt.lexicon import (
    CAMERA,
    DIRECTIONS,
    FAST,
    FILLERS,
    FORMS,
    PLACES,
    SLOW,
    TARGETS,
    words,
)

_PASSING = words(
    "by past around along through off across down up over under away left right ahead toward "
    "towards"
)
_THROUGH_LENS = words("in into out closer back inward inwards outward outwards forward")
_HANDLING = words(
    "push pull shake roll rotate spin twist twirl lean rise raise elevate lift lower drop rattle "
    "bounce wiggle vibrate"
)
_ARTICLES = words("the a an his her their my your")
_OF_VIEW = (FILLERS, CAMERA, TARGETS, DIRECTIONS, PLACES)
_OTHER_MEANINGS = words("of hands hand head")
_COOKING = words(
    "frying fry fried sauce saucepan stove oven kitchen cooking cook baking cake bread bacon egg "
    "eggs butter oil sizzling sizzle peter flute pipes dust pizza labyrinth"
)
_CALLS = words("call calls meeting meetings class conference chat lens lenses background")


def is_other_thing(clause: Clause, index: int) -> bool:
    """Tell whether a word names a thing or a pose: "a frying pan", "head tilt"."""
    words = clause.words
    inside = words[max(0, index - 2) : index] == ("in", "a")
    pan = clause.tokens[index].verb == "pan" and (inside or not _COOKING.isdisjoint(words))
    return pan or words[max(0, index - 1) : index] == ("head",)


def is_done_by_things(clause: Clause, index: int) -> bool:
    """Tell whether a verb of the camera may be its subject's: "cars zoom by", "tilted hats"."""
    token = clause.tokens[index]
    after = (word for word in clause.words[index + 1 :] if word not in SLOW and word not in FAST)
    following = next(after, "")
    conjugated = token.form in ("s", "ing") and following not in _THROUGH_LENS
    passes = conjugated or following in _PASSING
    return token.form == "ed" or (token.verb == "zoom" and passes)


def has_object(clause: Clause, index: int) -> bool:
    """Tell whether a thing is pushed, pulled or turned, as in "pull the curtain"."""
    thing = clause.words[index + 2 : index + 3]
    handled = clause.tokens[index].verb in _HANDLING and clause.words[index + 1] in _ARTICLES
    return handled and bool(thing) and not any(thing[0] in group for group in _OF_VIEW)


def has_other_meaning(clause: Clause, index: int) -> bool:
    """Tell whether the next word gives the verb another meaning, as in "shake hands"."""
    follower = "".join(clause.words[index + 1 : index + 2])
    acts = follower in FORMS and follower not in FILLERS
    call = clause.tokens[index].verb == "zoom" and follower in _CALLS
    return acts or call or follower in _OTHER_MEANINGS
