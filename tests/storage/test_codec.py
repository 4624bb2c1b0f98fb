"""The codec: what is written comes back equal, and nothing else comes in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

import pytest

from storage.codec import CodecError, decode, dumps, encode, loads
from storage.domain.camera.motion import Camera, Easing, Keyframe, Motion, Pose
from storage.domain.clip import Adjustment, Clip, Container, Failure
from storage.domain.job import Job, Status
from storage.domain.request import GenerationRequest
from tests.storage.examples import CLIP, JOB, REQUEST

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


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_equal(value: object) -> None:
    assert loads(type(value), dumps(value)) == value


def test_a_request_keeps_its_fingerprint() -> None:
    assert loads(GenerationRequest, dumps(REQUEST)).fingerprint == REQUEST.fingerprint


def test_a_film_keeps_the_fingerprint_of_when_there_was_no_other_container() -> None:
    before = encode(REQUEST)
    del before["container"]
    plain = json.dumps(before, sort_keys=True, ensure_ascii=True)
    assert REQUEST.fingerprint == hashlib.sha256(plain.encode()).hexdigest()
    assert replace(REQUEST, container=Container.GIF).fingerprint != REQUEST.fingerprint


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
    "change",
    [
        {"surprise": 1},
        {"steps": "8"},
        {"steps": 8.0},
        {"steps": True},
        {"seed": None},
        {"prompt": 3},
        {"preset": "turbo"},
        {"guidance": float("nan")},
        {"steps": 100_000},
        {"camera": [1]},
        {"camera": {"motion": "zoom_in", "keyframes": {"time": 0}}},
    ],
)
def test_what_is_no_request_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(CodecError):
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
