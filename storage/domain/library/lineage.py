"""How one clip was made from another."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from storage.domain.request import GenerationRequest


class Relation(StrEnum):
    """What was done to a clip to make another of it."""

    RETRY = "retry"  # the same with another seed
    TWEAK = "tweak"  # with other options
    FINISH = "finish"  # its frames were finished, none were made
    EXTEND = "extend"  # it goes on from its file


def relation_of(parent: GenerationRequest, child: GenerationRequest) -> Relation:
    """Return how a child was made from its parent."""
    if child.source and child.source != parent.source:
        return Relation.FINISH if child.finish is not None else Relation.EXTEND
    same = replace(child, seed=parent.seed, candidates=parent.candidates)
    return Relation.RETRY if same.fingerprint == parent.fingerprint else Relation.TWEAK
