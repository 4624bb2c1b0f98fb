"""Options become the request that was meant, within the bounds, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.admission import Admission
from bot.studio.option_table import OPTIONS
from bot.studio.options import Options
from storage.domain.camera.motion import Motion, Reading, Speed
from storage.domain.clip import Container
from storage.domain.errors import BadRequest
from storage.domain.request import Preset
from tests.support.admission import ADMISSION, CATALOGUE, admit


def test_what_is_left_out_is_as_the_catalogue_says() -> None:
    request, defaults = admit(Options(" waves ")), CATALOGUE.model().defaults
    assert request.prompt == "waves"
    assert (request.frames, request.fps, request.steps) == (
        defaults.frames,
        defaults.fps,
        defaults.steps,
    )
    assert request.seed == 7


def test_weak_hardware_lowers_the_defaults() -> None:
    weak = CATALOGUE.profiles["rtx3060"]
    options = Options("waves", model="i2vgen-xl")
    request = Admission(CATALOGUE, weak).admit(options, "0" * 64, (512, 512), 0)
    assert request.steps == weak.steps


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (Options("  "), "request_prompt_empty"),
        (Options("a" * 5000), "request_text_too_long"),
        (Options("a", steps=5000), "request_out_of_range"),
        (Options("a", guidance=float("nan")), "request_out_of_range"),
        (Options("a", seed=-1), "request_out_of_range"),
        (Options("a", strength=1.5), "request_out_of_range"),
        (Options("a", resolution="8k"), "request_resolution"),
        (Options("a", model="other"), "request_model"),
        (Options("a", path="dance"), "request_path_part"),
    ],
)
def test_what_may_not_be_is_refused(options: Options, key: str) -> None:
    with pytest.raises(BadRequest) as caught:
        admit(options)
    assert caught.value.key == key


@pytest.mark.parametrize("size", [(100, 100), (400, 300), (300, 400), (1920, 1080), (1080, 1920)])
@pytest.mark.parametrize("resolution", list(CATALOGUE.model().resolutions))
def test_a_request_made_again_from_its_own_options_is_the_same(
    size: tuple[int, int], resolution: str
) -> None:
    options = Options(
        "waves",
        negative_prompt="people",
        resolution=resolution,
        steps=9,
        seed=3,
        preset=Preset.DRAFT,
        camera=Motion.PAN_LEFT,
        speed=Speed.SLOW,
        strength=0.5,
        format=Container.GIF,
    )
    request = admit(options, size)
    again = admit(ADMISSION.options_of(request), (request.width, request.height))
    assert again == request


@pytest.mark.parametrize(
    ("prompt", "path", "motion"),
    [
        ("waves", "zoom in, then pan left", Motion.AUTO),
        ("waves", "0.3 zoom 1.3; 1 right 0.2 roll 5", Motion.SHAKE),
        ("first tilt up, then zoom out", "", Motion.AUTO),
        ("first tilt up, then zoom out", "left, right", Motion.AUTO),
        ("first tilt up, then zoom out", "", Motion.PAN_LEFT),
        ("tilt up", "", Motion.AUTO),
    ],
)
@pytest.mark.parametrize("speed", Speed)
def test_a_path_made_again_from_its_own_options_is_the_same(
    prompt: str, path: str, motion: Motion, speed: Speed
) -> None:
    request = admit(Options(prompt, path=path, camera=motion, speed=speed, seed=1))
    options = ADMISSION.options_of(request)
    again = admit(options, (request.width, request.height))
    assert again == request
    assert again.fingerprint == request.fingerprint
    assert bool(options["path"]) == bool(path)


@pytest.mark.parametrize("path", ["zoom in, then pan left", "0.5 zoom 1.2364; 1 left 0.1556"])
def test_a_speed_changes_how_far_a_path_goes_in_words_or_in_poses(path: str) -> None:
    normal, slow = (admit(Options("waves", path=path, speed=speed)).camera.keyframes[-1].pose
                    for speed in (Speed.NORMAL, Speed.SLOW))  # fmt: skip
    assert slow.dx == pytest.approx(normal.dx / 2, abs=1e-4)
    assert slow.zoom == pytest.approx(normal.zoom**0.5, abs=1e-4)


def test_a_path_of_an_older_order_keeps_its_length_when_it_is_made_again() -> None:
    fast = admit(Options("waves", path="zoom in, then pan left", speed=Speed.FAST))
    older = replace(fast, camera=replace(fast.camera, speed=Speed.FAST))
    assert admit(ADMISSION.options_of(older)).camera.keyframes == fast.camera.keyframes


def test_a_prompt_that_tells_a_sequence_gives_a_path_unless_a_motion_was_chosen() -> None:
    prompt = "先推近，然后向左摇"
    path = admit(Options("waves", path=prompt)).camera.keyframes
    assert admit(Options(prompt)).camera.keyframes == path
    assert admit(Options(prompt, camera=Motion.ZOOM_IN)).camera.keyframes == ()


@pytest.mark.parametrize("hardware", list(CATALOGUE.profiles))
@pytest.mark.parametrize("model", list(CATALOGUE.models))
def test_a_resolution_that_is_offered_is_admitted_in_every_aspect(
    model: str, hardware: str
) -> None:
    profile, row = CATALOGUE.profiles[hardware], CATALOGUE.models[model]
    refused = []
    for name, side in row.resolutions.items():
        for aspect in row.aspects:
            if side * side > profile.pixels:
                continue
            try:
                options = Options("a", model=model, resolution=name)
                Admission(CATALOGUE, profile).admit(options, "0" * 64, aspect, 0)
            except BadRequest as error:
                refused.append((name, aspect, error.key))
    assert refused == []


def test_only_what_the_hardware_makes_is_offered() -> None:
    model, weak = CATALOGUE.model("i2vgen-xl"), CATALOGUE.profiles["rtx3060"]
    [resolution] = [option for option in OPTIONS if option.name == "resolution"]
    assert Admission(CATALOGUE, weak).choices(resolution, model) == {"512p": "512p (512²)"}


def test_the_motion_is_read_once_and_kept_while_what_was_asked_stays() -> None:
    request = admit(Options("quickly zoom in"))
    assert request.reading == Reading(Motion.ZOOM_IN, Speed.FAST)
    assert request.camera.motion is Motion.AUTO
    assert admit(Options("quickly zoom in", camera=Motion.PAN_LEFT)).reading == Reading(
        Motion.PAN_LEFT, Speed.FAST
    )
    assert admit(Options("a quiet house")).reading is None
    assert admit(Options("zoom in", path="left, right")).reading is None


def test_a_request_is_refused_once_the_hardware_or_the_model_bounds_it_more() -> None:
    request = admit(Options("waves", steps=40, resolution="256p"))
    ADMISSION.check(request)
    weaker = replace(ADMISSION.profile, steps=30)
    smaller = replace(ADMISSION.profile, pixels=10_000)
    for profile, key in ((weaker, "request_out_of_range"), (smaller, "request_too_many_pixels")):
        with pytest.raises(BadRequest) as caught:
            Admission(CATALOGUE, profile).check(request)
        assert caught.value.key == key
    with pytest.raises(BadRequest) as caught:
        ADMISSION.check(replace(request, model="gone"))
    assert caught.value.key == "request_model"


def test_an_unknown_option_is_a_mistake_of_the_front_end() -> None:
    with pytest.raises(TypeError, match="stepz"):
        admit(Options("waves", stepz=3))
