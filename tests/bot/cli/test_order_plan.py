"""How pictures and prompts are paired, and how their clips are named."""

import os
from pathlib import Path

import pytest

from bot.cli.order_plan import pair
from storage.domain.errors import BadRequest

A, B = Path("in/a.png"), Path("in/b.png")


def told(pictures: list[Path], prompts: list[str], each: bool = False) -> list[tuple[str, str]]:
    return [(made.name, made.prompt) for made in pair(pictures, prompts, each)]


def test_one_prompt_is_used_for_all_pictures() -> None:
    assert told([A, B], ["zoom in"]) == [("a__1.mp4", "zoom in"), ("b__1.mp4", "zoom in")]


def test_as_many_prompts_as_pictures_are_paired_in_order() -> None:
    assert told([A, B], ["zoom in", "pan left"]) == [
        ("a__1.mp4", "zoom in"),
        ("b__1.mp4", "pan left"),
    ]


def test_each_pairs_every_picture_with_every_prompt() -> None:
    assert told([A, B], ["x", "y"], each=True) == [
        ("a__1.mp4", "x"),
        ("a__2.mp4", "y"),
        ("b__1.mp4", "x"),
        ("b__2.mp4", "y"),
    ]


def test_numbers_that_do_not_match_are_refused() -> None:
    with pytest.raises(BadRequest, match="request_unpaired"):
        pair([A, B], ["x", "y", "z"])


def test_a_long_name_leaves_room_for_its_number() -> None:
    [made] = pair([Path("图" * 84 + ".png")], ["zoom in"])
    assert len(os.fsencode(made.name)) < 255
    assert made.name.endswith("__1.mp4")


def test_pictures_of_one_stem_in_two_folders_never_share_a_file() -> None:
    names = [made.name for made in pair([Path("x/a.png"), Path("y/a.jpg")], ["zoom in"])]
    assert names == ["a__1.mp4", "a__2.mp4"]
