"""A camera's path is read as people write it, and written so that it can be read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.domain.camera.keyframes import motions
from storage.domain.camera.motion import Camera, Easing, Keyframe, Motion, Pose, Speed
from storage.domain.errors import BadRequest
from storage.domain.prompt.path_text import BOUNDS, LIMIT, MOST, going_on, read, write

IN, OUT, LEFT, RIGHT, UP, HOLD = (
    (motion,)
    for motion in (
        Motion.ZOOM_IN,
        Motion.ZOOM_OUT,
        Motion.PAN_LEFT,
        Motion.PAN_RIGHT,
        Motion.TILT_UP,
        Motion.STATIC,
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zoom in, then pan left", (IN, LEFT)),
        ("Zoom in and then pan left!", (IN, LEFT)),
        ("first zoom out; after that tilt up; finally hold still", (OUT, UP, HOLD)),
        ("left -> right → up", (LEFT, RIGHT, UP)),
        ("pan left\nhold\nzoom in", (LEFT, HOLD, IN)),
        ("先推近，然后向左摇", (IN, LEFT)),
        ("先静止，接着放大，最后向右平移", (HOLD, IN, RIGHT)),
        ("先推近再向左摇", (IN, LEFT)),
        ("先推近后向左摇", (IN, LEFT)),
        ("先推近后拉远", (IN, OUT)),
        ("左移后上摇", (LEFT, UP)),
        ("镜头后拉", (OUT,)),
        ("Zoom in. Pan left.", (IN, LEFT)),
        ("向后退，再向左移", (OUT, LEFT)),
        ("zoom in and pan left; hold", ((Motion.PAN_LEFT, Motion.ZOOM_IN), HOLD)),
    ],
)
def test_motions_in_words_follow_each_other(text: str, expected: tuple[tuple[Motion, ...]]) -> None:
    assert motions(read(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "0.5 zoom 1.3; 1 right 0.2 roll 5",
        "50%: zoom 1.3, 100%: right 0.2, roll 5".replace("0.2,", "0.2"),
        ".5 缩放1.3；1 右0.2 旋转5",
        "0.5 ZOOM 1.3\n1 right +.2 roll 5.0",
        "0.5 zoom 1.3x. 1 right 0.2 roll 5°.",
        "0.5 缩放 1.3 倍；1 右 0.2 旋转 5 度",
    ],
)
def test_poses_at_times_keep_what_they_do_not_name(text: str) -> None:
    assert read(text) == (
        Keyframe(0.5, Pose(zoom=1.3)),
        Keyframe(1.0, Pose(dx=0.2, zoom=1.3, roll=5.0)),
    )


def test_a_pose_may_be_held_and_say_how_it_is_reached() -> None:
    path = read("0.4 up 0.1 ease_out; 0.6 hold; 1 down 0 缓动")
    assert [keyframe.pose.dy for keyframe in path] == [-0.1, -0.1, 0.0]
    assert [keyframe.easing for keyframe in path] == [
        Easing.EASE_OUT,
        Easing.LINEAR,
        Easing.EASE_IN_OUT,
    ]


def test_an_explicit_speed_is_that_of_every_motion() -> None:
    assert read("slowly zoom in, pan left", Speed.FAST) == read("zoom in fast, pan left fast")


def test_an_explicit_speed_says_how_far_poses_go() -> None:
    path = "0.5 zoom 1.44 left 0.1; 1 roll 10 ease_in"
    assert read(path, Speed.SLOW) == read("0.5 zoom 1.2 left 0.05; 1 roll 5 ease_in")
    assert read(path, Speed.FAST)[-1].pose == Pose(-0.16, 0.0, 1.7922, 16.0)
    assert read(path, Speed.NORMAL) == read(path)
    with pytest.raises(BadRequest) as caught:
        read("1 zoom 4", Speed.FAST)
    assert caught.value.parameters["name"] == "path_zoom"


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_is_no_path(text: str) -> None:
    assert read(text) == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("zoom in, dance", "request_path_part"),
        ("zoom in, then shake", "request_path_part"),
        ("do not zoom", "request_path_part"),
        ("zoom in and out", "request_path_part"),
        (", ;", "request_path_part"),
        ("then", "request_path_part"),
        ("...", "request_path_part"),
        ("0.5 zoom", "request_path_part"),
        ("0.5 zoom fast", "request_path_part"),
        ("1.2.3 zoom 2", "request_path_part"),
        ("0.5 wobble 3", "request_path_part"),
        ("1 zoom 1.2; then left", "request_path_part"),
        ("1.5 zoom 1.2", "request_keyframes"),
        ("-0.5 zoom 1.2", "request_keyframes"),
        ("0.5 zoom 1.2; 0.5 left 0.1", "request_keyframes"),
        ("1 zoom 9", "request_out_of_range"),
        ("1 zoom 0", "request_out_of_range"),
        ("1 left 2", "request_out_of_range"),
        ("1 roll 720", "request_out_of_range"),
        ("left," * 7, "request_path_long"),
        (";".join(f"0.{n} hold" for n in range(1, MOST + 2)), "request_path_long"),
        ("x" * (LIMIT + 1), "request_text_too_long"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, key: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(text)
    assert caught.value.key == key


START = Pose(0.1, 0.0, 2.0, 0.0)


def decimals(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * 10**4), round(high * 10**4)).map(lambda whole: whole / 10**4)


POSES = st.builds(
    Pose,
    dx=decimals(*BOUNDS["shift"]),
    dy=decimals(*BOUNDS["shift"]),
    zoom=decimals(*BOUNDS["zoom"]),
    roll=decimals(*BOUNDS["roll"]),
)
TIMES = st.lists(decimals(0.0001, 1.0), min_size=1, max_size=MOST, unique=True).map(sorted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 zoom 2 right 0.1 ease_in; 1", (Keyframe(0.0, START), Keyframe(1.0, START))),
        ("0 缩放 2 右 0.1；1 缩放 1 右 0", (Keyframe(0.0, START), Keyframe(1.0, Pose()))),
        ("0 zoom 2 right 0.1", (Keyframe(0.0, START),)),
        ("0 hold; 1 zoom 2", (Keyframe(1.0, Pose(zoom=2.0)),)),
    ],
)
def test_a_pose_at_zero_is_what_the_clip_begins_with(
    text: str, expected: tuple[Keyframe, ...]
) -> None:
    assert read(text) == expected
    assert read(write(expected)) == expected


def test_a_speed_says_how_far_poses_go_from_where_they_begin() -> None:
    path = read("0 zoom 2 left 0.2; 1 zoom 1 right 0.2 roll 8", Speed.SLOW)
    assert path[0] == Keyframe(0.0, Pose(-0.2, 0.0, 2.0, 0.0))
    assert path[1] == Keyframe(1.0, Pose(0.0, 0.0, 1.4142, 4.0))


def test_what_goes_on_makes_the_same_way_from_where_the_clip_ended() -> None:
    path = read("0 zoom 2 right 0.1; 0.5 zoom 4; 1 right 0.2")
    after = going_on(path, aspect=1.5)
    assert after == read("0.5 zoom 2; 1 right 0.2")
    assert going_on(after, aspect=1.5) == after
    assert going_on(read("0 zoom 2"), aspect=1.0) == read("1 hold")
    extreme = going_on(read("0 zoom 4 left 0.5; 1 zoom 0.25 right 1"), aspect=1.0)
    assert extreme == read("1 zoom 0.25 right 1")


@given(st.data(), TIMES)
def test_what_is_written_is_read_as_it_was(data: st.DataObject, times: list[float]) -> None:
    path = tuple(
        Keyframe(time, data.draw(POSES), data.draw(st.sampled_from(Easing))) for time in times
    )
    text = write(path)
    assert len(text) <= LIMIT
    assert read(text) == path


@given(st.text(max_size=200) | st.text("0123456789.;,- zomleftrigh左放大，", max_size=60))
def test_any_text_is_a_path_that_can_be_or_is_refused(text: str) -> None:
    try:
        path = read(text)
        Camera(keyframes=path)
    except BadRequest:
        return
    assert read(write(path)) == path
