"""Which camera motions and speeds are read from prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.domain.camera.motion import Camera, Motion, Reading, Speed
from storage.domain.prompt.reading import read, read_sequence, resolve
from tests.storage.domain.prompt import wordings

WORDS = (
    "zoom pan camera left right up the a not no and , from to slowly 向 左 右 镜头 不要 放大 旋转"
)
TOKENS = st.sampled_from(WORDS.split())
IN, OUT, LEFT, RIGHT, UP, HOLD = (
    Motion.ZOOM_IN,
    Motion.ZOOM_OUT,
    Motion.PAN_LEFT,
    Motion.PAN_RIGHT,
    Motion.TILT_UP,
    Motion.STATIC,
)


@pytest.mark.parametrize("name", wordings.LISTS)
def test_nearly_all_wordings_are_understood(name: str) -> None:
    table = wordings.LISTS[name]
    missed = [
        f"{prompt!r}: {read(prompt)}, not {motion}"
        for motion, prompts in table.items()
        for prompt in prompts
        if (found := read(prompt)) is None or found.motion is not motion
    ]
    assert len(missed) <= 0.03 * sum(map(len, table.values())), missed


@pytest.mark.parametrize(
    ("prompt", "motion"),
    [
        ("rotate the view horizontally to the right", Motion.PAN_RIGHT),
        ("rotate the view to the right", Motion.ROLL_CLOCKWISE),
        ("slowly reveal what is above", Motion.TILT_UP),
        ("reveal what hides beneath", Motion.TILT_DOWN),
        ("reveal the room", Motion.ZOOM_OUT),
    ],
)
def test_small_words_change_what_a_verb_means(prompt: str, motion: Motion) -> None:
    assert getattr(read(prompt), "motion", None) is motion


@pytest.mark.parametrize("prompt", wordings.OF_THE_SUBJECT)
def test_what_the_subject_does_is_no_camera_motion(prompt: str) -> None:
    assert read(prompt) is None


@pytest.mark.parametrize(
    ("speed", "prompt"),
    [(Speed(name), prompt) for name, prompts in wordings.SPEEDS.items() for prompt in prompts],
)
def test_speed_is_read_beside_the_motion(speed: Speed, prompt: str) -> None:
    reading = read(prompt)
    assert reading is not None
    assert reading.speed is speed


@given(st.text(max_size=300))
def test_any_text_can_be_read(prompt: str) -> None:
    assert read(prompt) == read(prompt)


@given(st.lists(TOKENS, max_size=30))
def test_any_sequence_of_camera_words_can_be_read(words: list[str]) -> None:
    reading = read(" ".join(words))
    assert reading is None or reading.motion is not Motion.AUTO


def test_an_explicit_motion_wins_over_the_prompt_which_still_gives_the_speed() -> None:
    assert resolve(Camera(motion=Motion.PAN_LEFT), "quickly zoom in") == Reading(
        Motion.PAN_LEFT, Speed.FAST
    )


def test_an_explicit_speed_wins_over_the_prompt() -> None:
    assert resolve(Camera(speed=Speed.SLOW), "quickly zoom in") == Reading(
        Motion.ZOOM_IN, Speed.SLOW
    )


def test_a_prompt_without_motion_resolves_to_none() -> None:
    assert resolve(Camera(), "a lake at dawn") is None


@pytest.mark.parametrize(
    ("prompt", "motions"),
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
def test_motions_that_follow_each_other_are_a_sequence(prompt: str, motions: list[Motion]) -> None:
    assert [reading.motion for reading in read_sequence(prompt)] == motions


def test_each_motion_has_its_own_speed() -> None:
    assert read_sequence("slowly zoom in, then quickly pan left") == (
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
def test_one_motion_or_none_is_no_sequence(prompt: str) -> None:
    assert read_sequence(prompt) == ()
