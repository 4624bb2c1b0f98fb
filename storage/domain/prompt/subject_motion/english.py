"""Subject motion in an English text: verbs that something other than the camera shall do."""

from __future__ import annotations

import re

from storage.domain.prompt import english as camera
from storage.domain.prompt import negation
from storage.domain.prompt.clause import Clause, clauses
from storage.domain.prompt.lexicon import CAMERA, CONTENT, DIRECTIONS
from storage.domain.prompt.subject import VerbSubject, is_target, names_camera, subject_of
from storage.domain.prompt.subject_motion.english_words import (
    AIDED,
    AT_REST,
    CAUSING,
    CHANGES,
    COMPOUNDS,
    DETERMINERS,
    FORMS,
    HANDLING,
    HOMONYMS,
    LIVING,
    MODALS,
    MOVERS,
    NOBODY,
    NOUNS,
    OBJECTS,
    PARTS,
    PRONOUNS,
    SHARED,
    SMALL,
    STATES,
    UNORDERED,
    WHOLE_PATHS,
)

_MANNER = re.compile(r"[a-z]{2,}ly")
_WORD = re.compile(r"[a-z']+")
_ACTORS = LIVING | MOVERS
_VIEW = CAMERA - {"it", "us", "you", "we"}


def asks_subject_motion(text: str) -> bool:
    """Tell whether a normalized text asks that something in the picture moves by itself."""
    taken = {mention.position for mention in camera.mentions(text) if not mention.negated}
    parts = clauses(text)
    other, label = False, len(parts) == 1
    for clause, ruled_out in zip(parts, negation.inherited(parts), strict=True):
        wanted = not ruled_out or not LIVING.isdisjoint(clause.words)
        if wanted and NOBODY.isdisjoint(clause.words):
            for index, token in enumerate(clause.tokens):
                read = token.position in taken or clause.negated(index)
                if not read and _Verb(clause, index, other, label).asks():
                    return True
        label = LIVING.issuperset(clause.words)
        other = not any(token.position in taken for token in clause.tokens) and any(
            _is_noun(word) for word in clause.words
        )
    return False


def _is_noun(word: str) -> bool:
    """Tell whether a word may be a noun that is not of the camera's."""
    small = word in DETERMINERS or word in SMALL or word in DIRECTIONS or word in AIDED
    return not (small or word in CAMERA or word in CONTENT or _MANNER.fullmatch(word)) and bool(
        _WORD.fullmatch(word)
    )


class _Verb:
    """A word of a clause that may be the verb of a motion, and the words around it."""

    def __init__(self, clause: Clause, index: int, other_subject: bool, alone: bool) -> None:
        """Look at the word at an index.

        other_subject tells whether the clause before was about something else than the camera;
        alone that nothing but this clause, or the name of who acts before it, tells what it means.
        """
        self._clause, self._index = clause, index
        self._other, self._alone = other_subject, alone
        self._verb, self._form = FORMS.get(clause.words[index], ("", ""))
        self._before = [word for word in clause.words[:index] if not _MANNER.fullmatch(word)]
        self._after = [word for word in clause.words[index + 1 :] if not _MANNER.fullmatch(word)]
        self._previous = self._before[-1] if self._before else ""
        self._next = self._after[0] if self._after else ""

    def asks(self) -> bool:
        """Tell whether the word asks for a motion of something in the picture."""
        if not self._verb or self._next in ("still", "motionless"):
            return False
        word = self._clause.words[self._index]
        if not COMPOUNDS.isdisjoint({(self._previous, word), (word, self._next)}):
            return False
        if self._is_of_camera() or self._is_of_thing_at_rest():
            return False
        return {"s": self._finite, "ing": self._participle, "": self._plain}[self._form]()

    def _is_of_camera(self) -> bool:
        if self._previous in _VIEW or self._previous in CONTENT:
            return True
        if self._verb not in SHARED:
            return False
        subject = subject_of(self._clause, self._index, self._other)
        return subject in (VerbSubject.CAMERA, VerbSubject.CONTENT)

    def _is_of_thing_at_rest(self) -> bool:
        nouns = [word for word in self._before if _is_noun(word)]
        return self._verb in WHOLE_PATHS and bool(nouns) and nouns[-1] in AT_REST

    def _finite(self) -> bool:
        """Judge "walks": it needs a subject, and where it may be a noun a clear one."""
        if self._verb == "do":
            return self._previous in LIVING and self._next in DETERMINERS
        if self._previous in PRONOUNS or (self._previous == "it" and self._is_own()):
            return True
        if not self._before:
            carried = self._clause.joiner in ("and", "then", "while", "as")
            return self._alone or (carried and self._other and self._verb not in NOUNS)
        if not _is_noun(self._previous):
            return False
        if self._verb in NOUNS:
            acts = self._verb not in HOMONYMS and self._has_article() and self._goes_on()
            return self._previous in _ACTORS or acts
        return True

    def _participle(self) -> bool:
        """Judge "walking": after a form of be, after its subject, before it, or alone."""
        if self._previous in AIDED:
            nouns = [word for word in self._before if _is_noun(word)]
            return bool(nouns) or not PRONOUNS.isdisjoint(self._before)
        if self._verb in STATES:
            return False
        if self._describes():
            return self._next in _ACTORS and not names_camera(self._clause)
        if not self._before:
            at_camera = self._looks_at_camera()
            return at_camera or (self._is_own() and self._verb not in NOUNS)
        return _is_noun(self._previous) and (self._previous in _ACTORS or self._goes_on())

    def _plain(self) -> bool:
        """Judge "walk": what somebody is made to do, many do, or the prompt tells to do."""
        caused = self._caused()
        if caused is not None:
            return caused
        if self._previous in MODALS or self._previous == "to":
            return self._is_own() and any(_is_noun(word) for word in self._before[:-1])
        if not self._before:
            return self._is_order()
        several = self._previous.endswith("s") and not self._previous.endswith(("ss", "us", "is"))
        living = self._previous in LIVING or self._previous in ("they", "i", "people")
        many = self._previous in MOVERS and several
        if not (living or many or (_is_noun(self._previous) and self._previous not in FORMS)):
            return False
        if self._verb in NOUNS:
            return (living or many) and self._goes_on()
        return living or many or (several and self._goes_on())

    def _caused(self) -> bool | None:
        """Judge a verb after one as "make" and who shall do it; None where there is none."""
        at = next((at for at, word in enumerate(self._before) if word in CAUSING), None)
        if at is None:
            return None
        doers = [word for word in self._before[at + 1 :] if word != "to"]
        if doers in ([], ["it"]):
            return bool(doers) and self._is_own()
        if any(word in CAMERA - {"it"} or word in CONTENT for word in doers):
            return False
        return doers[-1] not in DETERMINERS - {"her", "his", "its"}

    def _is_order(self) -> bool:
        """Judge a verb that begins its clause, with what it is to be done to."""
        if not self._after:
            ordered = self._verb not in UNORDERED and (self._alone or self._verb not in NOUNS)
            return self._is_own() and ordered
        if self._verb in HANDLING or self._verb in CHANGES:
            first = self._after[:4]
            if self._verb in CHANGES and first[0] in OBJECTS and "into" in self._after:
                return True
            held = next((word for word in first if word not in DETERMINERS), "")
            owned = first[0] in OBJECTS and held not in CAMERA
            return (owned or first[0] in DETERMINERS) and (held in _ACTORS | PARTS | OBJECTS)
        return False

    def _is_own(self) -> bool:
        """Tell whether this is nothing that a camera or a whole picture does."""
        return self._verb not in SHARED

    def _describes(self) -> bool:
        """Tell whether the participle stands before the noun that it describes."""
        after = self._next
        placed = self._previous in DETERMINERS or not _is_noun(self._previous)
        return placed and bool(after) and after not in SMALL and after not in DETERMINERS

    def _has_article(self) -> bool:
        return any(word in DETERMINERS for word in self._before)

    def _goes_on(self) -> bool:
        """Tell whether the words after it are no noun that it could be part of."""
        after = self._next
        return not after or after in SMALL or after in DETERMINERS or after in DIRECTIONS

    def _looks_at_camera(self) -> bool:
        words = self._clause.words
        return any(
            words[position] in CAMERA and is_target(words, position)
            for position in range(self._index + 1, min(len(words), self._index + 6))
        )
