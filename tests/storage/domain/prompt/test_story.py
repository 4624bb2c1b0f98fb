"""Stories: their segments, their price, and what is left of one that is stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.codec import dumps, loads
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose
from storage.domain.errors import BadRequest
from storage.domain.finish import Finish
from storage.domain.prompt.story import prompts_in, segment_of, title_of, with_segments
from storage.domain.quota import price
from storage.domain.request import MOST_SEGMENTS, SEED_LIMIT, GenerationRequest, Segment
from tests.support.examples import REQUEST

PROMPTS = ("zoom in", "pan left", "tilt up")
STORY = with_segments(replace(REQUEST, prompt="\n".join(PROMPTS)), [Camera()] * 3)


def test_each_line_that_says_something_is_a_prompt() -> None:
    assert prompts_in(" zoom in \n\n  \npan left\r\n") == ["zoom in", "pan left"]


def test_each_segment_has_its_own_reading_and_seed() -> None:
    parts = [segment_of(STORY, index, "a" * 64, "") for index in range(3)]
    assert [part.prompt for part in parts] == list(PROMPTS)
    readings = [part.reading.motion for part in parts if part.reading]
    assert readings == [Motion.ZOOM_IN, Motion.PAN_LEFT, Motion.TILT_UP]
    assert [part.seed for part in parts] == [7, 8, 9]
    assert all(part.segments == () and part.segment_count == 0 for part in parts)
    assert len({part.fingerprint for part in parts}) == 3


def test_candidates_of_two_segments_share_no_seed() -> None:
    several = replace(STORY, candidates=4, seed=SEED_LIMIT - 1)
    seeds = [
        (segment_of(several, index, "a" * 64, "").seed + number) % (SEED_LIMIT + 1)
        for index in range(3)
        for number in range(4)
    ]
    assert len(set(seeds)) == 12


def test_a_segment_is_known_by_what_it_goes_on_from() -> None:
    one, other = (segment_of(STORY, 1, key * 64, "b" * 64) for key in "cd")
    assert one.fingerprint != other.fingerprint


def test_a_segment_with_a_path_has_no_reading() -> None:
    path = Camera(keyframes=(Keyframe(1.0, Pose(zoom=1.2)),))
    story = with_segments(replace(REQUEST, prompt="zoom in\npan left"), [path, Camera()])
    assert [segment.reading is None for segment in story.segments] == [True, False]
    assert story.names_motion


def test_a_story_costs_what_its_segments_do_and_a_stopped_one_what_is_made() -> None:
    single = price(replace(REQUEST, steps=50, frames=64))
    story = replace(STORY, steps=50, frames=64)
    assert price(story) == pytest.approx(3 * single, abs=3)
    stopped = replace(story, stopped_after=2)
    assert price(stopped) == pytest.approx(2 * single, abs=2)
    assert (story.made_frames, stopped.made_frames, REQUEST.made_frames) == (190, 127, 16)


def test_stories_that_differ_anywhere_have_different_fingerprints() -> None:
    changed = replace(STORY.segments[1], prompt="pan right")
    others = [
        replace(STORY, stopped_after=1),
        replace(STORY, segments=STORY.segments[:2]),
        replace(STORY, segments=(STORY.segments[0], changed, STORY.segments[2])),
    ]
    assert len({one.fingerprint for one in (STORY, *others)}) == 4


def test_a_request_that_is_no_story_has_the_fingerprint_and_the_json_of_before() -> None:
    assert "segments" not in dumps(REQUEST)
    assert "stopped_after" not in dumps(REQUEST)
    assert loads(GenerationRequest, dumps(STORY)) == STORY


def test_the_reading_of_a_segment_is_not_in_the_fingerprint() -> None:
    unread = tuple(replace(segment, reading=None) for segment in STORY.segments)
    assert replace(STORY, segments=unread).fingerprint == STORY.fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"segments": (Segment("zoom in"),) * (MOST_SEGMENTS + 1)},
        {"segments": (Segment("x" * 1001),)},
        {"stopped_after": 4},
        {"stopped_after": -1},
    ],
)
def test_a_story_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        replace(STORY, **changes)  # type: ignore[arg-type]  # by name


def test_a_story_is_shown_in_one_line() -> None:
    assert title_of(STORY) == "zoom in → pan left → tilt up"
    assert title_of(REQUEST) == "zoom in"


def test_nothing_that_goes_on_begins_elsewhere() -> None:
    begun = Camera(keyframes=(Keyframe(0.0, Pose(zoom=2.0)), Keyframe(1.0, Pose())))
    first = replace(STORY, segments=(Segment("zoom in", begun), *STORY.segments[1:]))
    assert segment_of(first, 0, "a" * 64, "").camera == begun
    for changes in (
        {"segments": (*STORY.segments[:2], Segment("tilt up", begun))},
        {"segments": (), "camera": begun, "source": "b" * 64},
    ):
        with pytest.raises(BadRequest, match="request_path_start"):
            replace(STORY, **changes)
    finished = replace(REQUEST, camera=begun, source="b" * 64, finish=Finish(loop=True))
    assert not finished.generates
