"""A prompt may tell several motions one after the other; whatever else it tells stays one."""

from __future__ import annotations

import pytest

from storage.domain.camera.motion import Motion, Speed
from storage.domain.prompt.reading import Reading
from storage.domain.prompt.sequence import read
from tests.storage.domain import wordings

IN, OUT, LEFT, RIGHT, UP, HOLD = (
    Motion.ZOOM_IN,
    Motion.ZOOM_OUT,
    Motion.PAN_LEFT,
    Motion.PAN_RIGHT,
    Motion.TILT_UP,
    Motion.STATIC,
)


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("first zoom in, then pan left", [IN, LEFT]),
        ("Waves roll in. The camera pans left and then tilts up.", [LEFT, UP]),
        ("zoom in on the cat, then the cat smiles, finally hold still", [IN, HOLD]),
        ("pan right; after that zoom out; lastly pan left", [RIGHT, OUT, LEFT]),
        ("先推近，然后向左摇", [IN, LEFT]),
        ("镜头先向右平移，接着拉远，最后固定不动", [RIGHT, OUT, HOLD]),
        ("先推近再向左摇", [IN, LEFT]),
        ("先推近後，再向左搖", [IN, LEFT]),
        ("先推近后拉远", [IN, OUT]),
        ("镜头先左移，后拉远", [LEFT, OUT]),
    ],
)
def test_motions_that_are_told_one_after_the_other_are_a_sequence(
    prompt: str, told: list[Motion]
) -> None:
    assert [reading.motion for reading in read(prompt)] == told


def test_each_motion_has_its_own_speed() -> None:
    assert read("slowly zoom in, then quickly pan left") == (
        Reading(IN, Speed.SLOW),
        Reading(LEFT, Speed.FAST),
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "zoom in, pan left",
        "zoom in and pan left",
        "zoom in, then zoom in further",
        "the dog runs left and then jumps up",
        "zoom in, then do not pan",
        "the sun rises, then the camera zooms in",
        "handheld, then shaking",
        "then",
        "再次推近",
        "镜头后拉",
        *wordings.OF_THE_SUBJECT,
    ],
)
def test_what_is_one_motion_or_none_is_no_sequence(prompt: str) -> None:
    assert read(prompt) == ()
