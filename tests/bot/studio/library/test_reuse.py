"""Settings are read from files of any instance, and never more than this service offers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.studio.library.reuse import read_settings, reusable_options
from bot.studio.options import Options
from storage.codec import encode
from storage.domain.camera.motion import Camera, Keyframe, Pose
from storage.domain.errors import BadRequest
from storage.domain.request import GenerationRequest
from tests.storage.test_clip_comment import mp4
from tests.support.catalogue.admission import ADMISSION, CATALOGUE, admit

ASKED = Options(
    "a boat 镜头推近",
    negative_prompt="blur",
    camera="pan_left",
    speed="fast",
    strength=0.5,
    resolution="640p",
    frames=80,
    steps=9,
    guidance=2.0,
    seed=5,
    preset="fast",
    format="gif",
)
REQUEST = admit(ASKED)


def file_of(request: GenerationRequest, **changes: Any) -> bytes:
    """Return a file with the settings of a request, as a worker writes them, or changed."""
    parameters = encode(replace(request, reading=None)) | {"resolved_motion": "pan_left"} | changes
    return mp4(json.dumps({"mutoscope": parameters}).encode())


def read(**changes: Any) -> Options:
    return read_settings(file_of(REQUEST, **changes), ADMISSION).options


def test_the_settings_of_a_clip_ask_for_it_again() -> None:
    found = read_settings(file_of(REQUEST), ADMISSION)
    assert found.picture == REQUEST.picture
    assert admit(found.options) == REQUEST


def test_a_path_is_kept() -> None:
    path = Camera(keyframes=(Keyframe(1.0, Pose(dx=0.1, zoom=1.2)),))
    options = read_settings(file_of(replace(REQUEST, camera=path)), ADMISSION).options
    assert admit(options).camera.keyframes == path.keyframes


def test_what_is_not_offered_here_is_left_to_its_default() -> None:
    options = read(frames=2, fps=60, steps=400, guidance=40.0)
    assert not {"frames", "fps", "steps", "guidance"} & options.keys()
    assert admit(options).frames == CATALOGUE.model().defaults.frames


def test_of_a_model_that_is_not_offered_only_what_any_model_takes_is_kept() -> None:
    options = read(model="huge", width=1280, height=704, steps=50, unheard_of=[1], finish=None)
    kept = {"prompt", "negative_prompt", "camera", "speed", "strength", "seed", "format"}
    assert kept < options.keys()
    assert not {"resolution", "frames", "fps", "steps", "guidance", "preset"} & options.keys()
    assert options["model"] == CATALOGUE.default_model


def test_an_option_of_its_own_that_has_another_kind_of_value_is_left_out() -> None:
    assert "spoiler" not in read(extra=[["spoiler", "yes"], ["unknown", 1]])
    assert read(extra=[["spoiler", 1]])["spoiler"] == 1


def test_a_picture_that_is_no_sha256_is_unknown() -> None:
    for picture in ("", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"):
        assert read_settings(file_of(REQUEST, picture=picture), ADMISSION).picture == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "a" * 1001},
        {"prompt": 7},
        {"seed": -1},
        {"seed": "5"},
        {"seed": 2**70},
        {"frames": 10**9},
        {"guidance": "NaN"},
        {"width": 10**6},
        {"camera": {"motion": "explode", "speed": "normal", "strength": 1.0, "keyframes": []}},
        {"camera": {"motion": "auto", "speed": "normal", "strength": 7.0, "keyframes": []}},
        {"container": "exe"},
        {"preset": None},
    ],
)
def test_settings_that_no_release_writes_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        read(**changes)
    assert caught.value.key == "request_settings_unreadable"


def test_settings_without_the_prompt_that_their_model_needs_are_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        read(prompt=" ")
    assert caught.value.key == "request_prompt_empty"


@pytest.mark.parametrize(
    "comment",
    [
        b"",
        b"a comment",
        b"[]",
        b"{}",
        b'{"mutoscope": 1}',
        b'{"mutoscope": null}',
        b"[" * 60_000,
        b'{"mutoscope": ' + b"[" * 60_000,
        b"\xff\xfe",
        b"1" * 60_000,
    ],
)
def test_a_file_without_settings_has_none(comment: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        read_settings(mp4(comment), ADMISSION)
    assert caught.value.key in ("request_no_settings", "request_settings_unreadable")


def test_a_path_of_thousands_of_poses_is_left_out() -> None:
    frames = [Keyframe(number / 500, Pose(dx=0.001 * number)) for number in range(1, 501)]
    path = Camera(keyframes=tuple(frames))
    assert "path" not in reusable_options(replace(REQUEST, camera=path), ADMISSION)


@given(
    st.dictionaries(
        st.sampled_from([*encode(REQUEST), "picture", "extra", "finish"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_whatever_was_changed_is_refused_or_gives_an_order(changes: dict[str, Any]) -> None:
    try:
        found = read_settings(file_of(REQUEST, **changes), ADMISSION)
    except BadRequest:
        return
    admit(found.options)
