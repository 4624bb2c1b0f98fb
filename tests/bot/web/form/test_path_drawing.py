"""Boxes on the picture and the words of a path say the same, whichever changes."""

from __future__ import annotations

import json

import pytest

from bot.web.form.path_drawing import boxes, words_for
from storage.domain.errors import BadRequest

REST = {"dx": 0.0, "dy": 0.0, "zoom": 1.0, "roll": 0.0}


@pytest.mark.parametrize(
    "path",
    [
        "1 left 0.1 zoom 1.5 ease_in_out",
        "0 zoom 2 right 0.1; 1 right 0 zoom 1 ease_in_out",
        "0 zoom 2; 0.4 left 0.1; 1 roll 9",
        "1 hold",
    ],
)
def test_what_is_drawn_of_a_path_gives_that_path(path: str) -> None:
    drawn = boxes(path)
    assert (drawn[0]["time"], drawn[-1]["time"]) == (0.0, 1.0)
    again = words_for(json.dumps(drawn))
    assert boxes(again) == drawn


def test_a_box_that_is_moved_changes_what_it_stands_for_alone() -> None:
    start, middle, end = boxes("0.5 zoom 1.3; 1 right 0.2 roll 5")
    assert start == {"time": 0.0, "easing": "linear", **REST}
    moved = [{**start, "zoom": 2}, middle, end]
    assert words_for(json.dumps(moved)) == "0 zoom 2; 0.5 zoom 1.3; 1 right 0.2 roll 5"


def test_boxes_show_how_far_a_speed_goes_and_both_ends_of_a_path_in_words() -> None:
    assert boxes("1 left 0.2", "slow")[-1]["dx"] == -0.1
    assert len(boxes("zoom in, then pan left")) == 3
    assert [one["zoom"] for one in boxes("0 zoom 2")] == [2.0, 2.0]


@pytest.mark.parametrize("path", ["", "wobble", "1 zoo", "0 left 0.9; 1 hold"])
def test_nothing_is_drawn_of_what_is_no_path(path: str) -> None:
    assert boxes(path) == []


def test_no_boxes_are_no_path() -> None:
    assert words_for("") == words_for("[]") == ""


@pytest.mark.parametrize(
    "drawn",
    [
        *("{", "7", "[7]", "[[]]", "[" * 2000, '[{"time": 1}]'),
        json.dumps([{"time": 1, "easing": "x", **REST}]),
        json.dumps([{"time": 1, "easing": "linear", **REST, "zoom": float("nan")}]),
        json.dumps([{"time": 1, "easing": "linear", **REST, "zoom": 9}]),
        json.dumps([{"time": 0, "easing": "linear", **REST, "dx": 0.7}]),
        json.dumps([{"time": n / 20, "easing": "linear", **REST} for n in range(20)]),
    ],
)
def test_what_no_page_of_ours_draws_is_refused(drawn: str) -> None:
    with pytest.raises(BadRequest):
        words_for(drawn)
