"""How far a negation reaches over a list of clauses, as in "no zoom, pan or tilt"."""

from __future__ import annotations

from collections.abc import Sequence

from storage.domain.prompt.clause import Clause
from storage.domain.prompt.lexicon import CAMERA, DIRECTIONS, FAST, FILLERS, SLOW, words

_LIST = frozenset({",", "or", "nor", "and", "plus"})
_CHOICE = frozenset({"or", "nor"})
_AFFIRMING = words("just only instead")
_OPENING = words("but please let let's keep")


def inherited(parts: Sequence[Clause]) -> list[bool]:
    """Tell for each clause whether the negation of one before holds for it."""
    chosen = _leads_to_choice(parts)
    found, negating = [], False
    for index, clause in enumerate(parts):
        holds = negating and clause.joiner in _LIST and not clause.negates
        if holds:
            holds = not _stands_alone(clause) and (
                chosen[index] or _is_bare(clause) or _is_direction(clause, parts[index - 1])
            )
        holds = holds or clause.joiner == "nor"
        found.append(holds)
        negating = holds or clause.negates
    return found


def _leads_to_choice(parts: Sequence[Clause]) -> list[bool]:
    """Tell for each clause whether it is an item of a list that goes on to an "or"."""
    found = [False] * (len(parts) + 1)
    for index in range(len(parts) - 1, -1, -1):
        clause = parts[index]
        goes_on = index + 1 < len(parts) and parts[index + 1].joiner in _LIST
        found[index] = clause.joiner in _CHOICE or (
            goes_on and not _stands_alone(clause) and found[index + 1]
        )
    return found[:-1]


def _stands_alone(clause: Clause) -> bool:
    """Tell whether a clause has a subject of its own, or says what is wanted instead."""
    acts = any(
        token.word in CAMERA and following.form in ("s", "ing")
        for token, following in zip(clause.tokens, clause.tokens[1:], strict=False)
    )
    affirms = clause.words[0] in _OPENING or not _AFFIRMING.isdisjoint(clause.words)
    return acts or affirms


def _is_bare(clause: Clause) -> bool:
    """Tell whether a clause names a motion alone, without direction or speed."""
    if any(word in DIRECTIONS or word in SLOW or word in FAST for word in clause.words):
        return False
    known = all(token.verb or token.word in FILLERS | CAMERA for token in clause.tokens)
    return known or len(clause.tokens) <= 2


def _is_direction(clause: Clause, before: Clause) -> bool:
    """Tell whether a clause is another direction of the verb before, as in "zoom in or out"."""
    directed = any(word in DIRECTIONS for word in before.words)
    return directed and all(word in DIRECTIONS or word in ("to", "the") for word in clause.words)
