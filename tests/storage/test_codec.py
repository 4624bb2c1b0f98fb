"""The codec returns what was written, and refuses anything else."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.codec import CodecError, decode, dumps, encode, loads
from storage.domain.camera.motion import Camera, Easing, Keyframe, Motion, Pose, Reading
from storage.domain.clip import Adjustment, Clip, Container, Failure
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.progress import Progress
from storage.domain.request import SEED_LIMIT, GenerationRequest
from storage.queue.messages.orders import Order
from tests.support.examples import CLIP, JOB, REQUEST

KEYFRAMES = (Keyframe(0.0, Pose()), Keyframe(1.0, Pose(dx=0.2, zoom=1.5), Easing.EASE_OUT))
VALUES = [
    REQUEST,
    replace(REQUEST, prompt="向左平移 🎥", camera=Camera(Motion.PAN_LEFT, keyframes=KEYFRAMES)),
    CLIP,
    replace(CLIP, adjustments=(Adjustment("k", (("a", "b"),)),), scores=(("sharp", 0.5),)),
    Failure("failed_memory", (("rung", "2"),), retryable=True),
    JOB,
    replace(JOB, status=Status.DONE, clip=CLIP),
]

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
POSES = st.builds(
    Pose, st.floats(-10, 10), st.floats(-10, 10), st.floats(0.05, 20), st.floats(-3600, 3600)
)
CAMERAS = st.builds(
    Camera,
    strength=st.floats(0, 1),
    keyframes=st.builds(
        lambda times, pose, easing: tuple(Keyframe(time, pose, easing) for time in sorted(times)),
        st.sets(st.floats(0, 1, exclude_min=True), max_size=3),
        POSES,
        st.sampled_from(Easing),
    ),
)
REQUESTS = st.builds(
    GenerationRequest,
    prompt=st.text(max_size=40).map("p".__add__),
    width=st.integers(32, 4096),
    height=st.integers(32, 4096),
    frames=st.integers(2, 128),
    fps=st.integers(1, 60),
    steps=st.integers(1, 500),
    guidance=st.floats(1, 50) | st.integers(1, 50),
    seed=st.integers(0, SEED_LIMIT),
    negative_prompt=st.text(max_size=40),
    camera=CAMERAS,
    reading=st.none() | st.builds(Reading),
    extra=st.dictionaries(
        st.text(max_size=9),
        st.text(max_size=9) | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        max_size=3,
    ).map(lambda found: tuple(sorted(found.items(), key=lambda pair: pair[0]))),
    candidates=st.integers(1, 8),
)
CLIPS = st.builds(
    Clip, seconds=NUMBERS, scores=st.lists(st.tuples(st.text(), NUMBERS), max_size=3).map(tuple)
)
ANYTHING = st.one_of(
    REQUESTS,
    CLIPS,
    st.builds(Failure),
    st.builds(Progress, eta=st.none() | NUMBERS),
    st.builds(Order, request=REQUESTS),
    st.builds(
        Job,
        request=REQUESTS,
        reply_to=st.builds(ReplyTarget, token_expires=NUMBERS),
        created=NUMBERS,
        dispatched=NUMBERS,
        clip=st.none() | CLIPS,
    ),
)


@given(ANYTHING)
def test_any_value_comes_back_equal(value: object) -> None:
    assert loads(type(value), dumps(value)) == value
    assert decode(type(value), encode(value)) == value


@given(st.data(), ANYTHING)
def test_an_unknown_key_is_refused_at_any_depth(data: st.DataObject, value: object) -> None:
    plain = encode(value)
    data.draw(st.sampled_from(list(_objects(plain))))["surprise"] = None
    with pytest.raises(CodecError, match="surprise: unknown"):
        loads(type(value), json.dumps(plain))


def _objects(plain: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plain, dict):
        yield plain
    if isinstance(plain, dict | list):
        for part in plain.values() if isinstance(plain, dict) else plain:
            yield from _objects(part)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_equal(value: object) -> None:
    assert loads(type(value), dumps(value)) == value


def test_a_request_keeps_its_fingerprint() -> None:
    assert loads(GenerationRequest, dumps(REQUEST)).fingerprint == REQUEST.fingerprint


def test_a_film_keeps_the_fingerprint_of_when_there_was_no_other_container() -> None:
    before = encode(replace(REQUEST, reading=None))
    del before["container"]
    plain = json.dumps(before, sort_keys=True, ensure_ascii=True)
    assert REQUEST.fingerprint == hashlib.sha256(plain.encode()).hexdigest()
    assert replace(REQUEST, container=Container.GIF).fingerprint != REQUEST.fingerprint


def test_a_reading_and_other_options_leave_requests_without_them_as_they_were() -> None:
    plain = replace(REQUEST, reading=None)
    assert {"reading", "extra"} & encode(plain).keys() == set()
    assert REQUEST.fingerprint == plain.fingerprint
    assert decode(GenerationRequest, encode(REQUEST)).reading == REQUEST.reading


def test_other_options_keep_their_types_and_make_another_clip() -> None:
    pairs = (("grain", 0.5), ("look", "noir"), ("takes", 2), ("weight", 2.0))
    wide = replace(REQUEST, extra=pairs)
    read = loads(GenerationRequest, dumps(wide))
    assert read == wide
    assert [type(value) for _, value in read.extra] == [float, str, int, float]
    assert read.fingerprint == wide.fingerprint != REQUEST.fingerprint


def test_whole_numbers_are_read_as_floats_where_floats_are_meant() -> None:
    data = encode(REQUEST) | {"guidance": 9}
    assert decode(GenerationRequest, data).guidance == 9.0
    assert type(decode(GenerationRequest, data).guidance) is float


def test_nine_and_nine_point_zero_ask_for_the_same_clip() -> None:
    whole = replace(REQUEST, guidance=9, camera=Camera(strength=1))
    exact = replace(REQUEST, guidance=9.0, camera=Camera(strength=1.0))
    assert whole.fingerprint == exact.fingerprint
    assert loads(GenerationRequest, dumps(whole)).fingerprint == exact.fingerprint


def test_a_field_with_a_default_may_be_missing() -> None:
    data = encode(CLIP)
    del data["scores"]
    assert decode(Clip, data) == CLIP


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"surprise": 1}, "surprise"),
        ({"steps": "8"}, "steps"),
        ({"steps": 8.0}, "steps"),
        ({"steps": True}, "steps"),
        ({"guidance": True}, "guidance"),
        ({"guidance": "9"}, "guidance"),
        ({"seed": None}, "seed"),
        ({"prompt": 3}, "prompt"),
        ({"preset": "turbo"}, "preset"),
        ({"guidance": float("nan")}, "guidance"),
        ({"guidance": float("inf")}, "guidance"),
        ({"guidance": 10**400}, "guidance"),
        ({"steps": 100_000}, "GenerationRequest.*request_out_of_range"),
        ({"camera": [1]}, "camera"),
        ({"camera": {"strength": 2.0}}, "camera.*request_out_of_range"),
        ({"camera": {"motion": "zoom_in", "keyframes": {"time": 0}}}, "camera.keyframes"),
        ({"camera": {"keyframes": [{"time": 1}]}}, "camera.keyframes.0.pose: missing"),
    ],
)
def test_an_invalid_request_is_refused(change: dict[str, object], place: str) -> None:
    with pytest.raises(CodecError, match=f"^{place}"):
        decode(GenerationRequest, encode(REQUEST) | change)


def test_a_missing_key_is_refused() -> None:
    data = encode(REQUEST)
    del data["prompt"]
    with pytest.raises(CodecError, match="prompt"):
        decode(GenerationRequest, data)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"job"', "[" * 100_000])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(CodecError):
        loads(Job, text)


def test_a_pair_of_the_wrong_length_is_refused() -> None:
    data = encode(CLIP) | {"scores": [["sharp", 0.5, 1.0]]}
    with pytest.raises(CodecError, match="2 items"):
        decode(Clip, data)


def test_what_json_cannot_hold_is_not_written() -> None:
    @dataclass
    class Odd:
        value: object

    for value in (float("inf"), object(), b"bytes"):
        with pytest.raises(CodecError):
            encode(Odd(value))


def test_the_wire_is_plain_json() -> None:
    assert json.loads(dumps(JOB))["request"]["prompt"] == "zoom in"


def test_an_error_shows_no_prompt() -> None:
    data = encode(replace(REQUEST, prompt="tulips " * 30)) | {"steps": "many"}
    with pytest.raises(CodecError, match="steps") as error:
        decode(GenerationRequest, data)
    assert "tulips" not in "".join(traceback.format_exception(error.value))
