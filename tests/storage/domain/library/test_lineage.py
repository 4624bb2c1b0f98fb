"""How one clip was made from another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.domain.finish import Finish
from storage.domain.library.lineage import Relation, relation_of
from storage.domain.request import GenerationRequest
from tests.support.examples import REQUEST

SOURCE = "d" * 64
FINISHED = replace(REQUEST, source=SOURCE, finish=Finish(reverse=True))


@pytest.mark.parametrize(
    ("child", "relation"),
    [
        (replace(REQUEST, seed=8), Relation.RETRY),
        (replace(REQUEST, seed=8, reading=None), Relation.RETRY),
        (replace(REQUEST, seed=8, steps=9), Relation.TWEAK),
        (replace(REQUEST, prompt="pan left"), Relation.TWEAK),
        (FINISHED, Relation.FINISH),
        (replace(REQUEST, source=SOURCE, prompt="goes on"), Relation.EXTEND),
    ],
)
def test_a_relation_follows_from_the_requests(child: GenerationRequest, relation: Relation) -> None:
    assert relation_of(REQUEST, child) is relation


def test_a_retry_of_a_finished_clip_is_a_retry() -> None:
    assert relation_of(FINISHED, FINISHED) is Relation.RETRY
