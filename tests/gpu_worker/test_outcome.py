"""A file's parameters make the file again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gpu_worker.engine.api import Result
from gpu_worker.outcome import metadata
from storage.domain.camera.motion import Motion, Reading
from storage.domain.clip import Candidate
from tests.support.examples import REQUEST

FRAMES = np.zeros((2, 8, 8, 3), np.uint8)
DRAFT = Candidate(9, Reading(Motion.ZOOM_IN), Motion.ZOOM_IN, 1.0)


@pytest.mark.parametrize(
    ("candidates", "expected"), [((), (9, 1, None)), ((DRAFT,) * 3, (7, 3, [64, 64]))]
)
def test_drafts_are_made_again_by_their_order_and_any_clip_by_its_own_seed(
    candidates: tuple[Candidate, ...], expected: tuple[int, int, list[int] | None]
) -> None:
    request = replace(REQUEST, candidates=3, drafts=(64, 64))
    result = Result(FRAMES, 9, Motion.ZOOM_IN, candidates=candidates)
    made = json.loads(metadata(request, result)["comment"])["mutoscope"]
    assert (made["seed"], made["candidates"], made.get("drafts")) == expected
