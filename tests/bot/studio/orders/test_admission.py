"""Options are completed, checked and turned into a request, and a request into options."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.chains.extension import extension_of, extension_options
from bot.studio.option_table import OPTIONS
from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from storage.domain.camera.motion import Motion, Pose, Reading, Speed
from storage.domain.clip import Container
from storage.domain.errors import BadRequest
from storage.domain.models.capability import Capability
from storage.domain.request import DenoisedShape, Preset
from tests.support.catalogue.admission import ADMISSION, CATALOGUE, admit
from tests.support.examples import CLIP, JOB


def test_options_that_are_left_out_take_the_catalogues_defaults() -> None:
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
        (Options("a", choose=3), "request_line_value"),
        (Options("a", frames=float("inf")), "request_line_value"),
        (Options("a", frames=10**400), "request_out_of_range"),
    ],
)
def test_options_out_of_bounds_are_refused(options: Options, key: str) -> None:
    with pytest.raises(BadRequest) as caught:
        admit(options)
    assert caught.value.key == key


@pytest.mark.parametrize("size", [(100, 100), (400, 300), (300, 400), (1920, 1080), (1080, 1920)])
@pytest.mark.parametrize("resolution", list(CATALOGUE.model().resolutions))
def test_a_requests_options_give_the_same_request(size: tuple[int, int], resolution: str) -> None:
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
def test_a_requests_path_option_gives_the_same_path(
    prompt: str, path: str, motion: Motion, speed: Speed
) -> None:
    request = admit(Options(prompt, path=path, camera=motion, speed=speed, seed=1))
    options = ADMISSION.options_of(request)
    again = admit(options, (request.width, request.height))
    assert again == request
    assert again.fingerprint == request.fingerprint
    assert bool(options["path"]) == bool(path)


@pytest.mark.parametrize("path", ["zoom in, then pan left", "0.5 zoom 1.2364; 1 left 0.1556"])
def test_speed_scales_a_path_of_motions_or_of_poses(path: str) -> None:
    normal, slow = (admit(Options("waves", path=path, speed=speed)).camera.keyframes[-1].pose
                    for speed in (Speed.NORMAL, Speed.SLOW))  # fmt: skip
    assert slow.dx == pytest.approx(normal.dx / 2, abs=1e-4)
    assert slow.zoom == pytest.approx(normal.zoom**0.5, abs=1e-4)


def test_the_path_of_an_older_request_keeps_its_length() -> None:
    fast = admit(Options("waves", path="zoom in, then pan left", speed=Speed.FAST))
    older = replace(fast, camera=replace(fast.camera, speed=Speed.FAST))
    assert admit(ADMISSION.options_of(older)).camera.keyframes == fast.camera.keyframes


def test_a_sequence_in_the_prompt_gives_a_path_unless_a_motion_is_chosen() -> None:
    prompt = "先推近，然后向左摇"
    path = admit(Options("waves", path=prompt)).camera.keyframes
    assert admit(Options(prompt)).camera.keyframes == path
    assert admit(Options(prompt, camera=Motion.ZOOM_IN)).camera.keyframes == ()


@pytest.mark.parametrize("hardware", list(CATALOGUE.profiles))
@pytest.mark.parametrize("model", list(CATALOGUE.models))
def test_an_offered_resolution_is_admitted_in_every_aspect(model: str, hardware: str) -> None:
    profile, row = CATALOGUE.profiles[hardware], CATALOGUE.models[model]
    refused = []
    for name, side in row.resolutions.items():
        for aspect in row.aspects:
            if side * side > profile.pixels:
                continue
            try:
                prompt = "a" if Capability.PROMPT in row.capabilities else None
                options = Options(prompt, model=model, resolution=name)
                Admission(CATALOGUE, profile).admit(options, "0" * 64, aspect, 0)
            except BadRequest as error:
                refused.append((name, aspect, error.key))
    assert refused == []


def test_only_resolutions_that_the_hardware_can_make_are_offered() -> None:
    model, weak = CATALOGUE.model("i2vgen-xl"), CATALOGUE.profiles["rtx3060"]
    [resolution] = [option for option in OPTIONS if option.name == "resolution"]
    assert Admission(CATALOGUE, weak).choices(resolution, model) == {"512p": "512p (512²)"}


def test_the_reading_is_kept_beside_the_camera_option() -> None:
    request = admit(Options("quickly zoom in"))
    assert request.reading == Reading(Motion.ZOOM_IN, Speed.FAST)
    assert request.camera.motion is Motion.AUTO
    assert admit(Options("quickly zoom in", camera=Motion.PAN_LEFT)).reading == Reading(
        Motion.PAN_LEFT, Speed.FAST
    )
    assert admit(Options("a quiet house")).reading is None
    assert admit(Options("zoom in", path="left, right")).reading is None


def test_a_request_is_checked_against_changed_bounds() -> None:
    request = admit(Options("waves", steps=40, resolution="768p"))
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


def test_the_hardware_bounds_what_is_denoised_not_what_is_rendered() -> None:
    weak = replace(ADMISSION.profile, pixels=30_000, frames=16)
    options = Options("waves", resolution="1024p", frames=120)
    request = Admission(CATALOGUE, weak).admit(options, "x", (160, 90), 1)
    assert (request.width, request.height, request.frames) == (1360, 768, 120)
    assert request.denoised == DenoisedShape(176, 96, 16)
    with pytest.raises(BadRequest):
        Admission(CATALOGUE, weak).admit(options.replace(model="i2vgen-xl"), "x", (160, 90), 1)


def test_an_unknown_option_raises_a_type_error() -> None:
    with pytest.raises(TypeError, match="stepz"):
        admit(Options("waves", stepz=3))


def test_recommendations_and_defaults_are_what_the_hardware_can_make() -> None:
    model = CATALOGUE.model("i2vgen-xl")
    weak = replace(CATALOGUE.profiles["rtx3060"], steps=20, frames=12, pixels=640 * 640)
    larger = replace(model, defaults=replace(model.defaults, resolution="768p"))
    models = {**CATALOGUE.models, "i2vgen-xl": larger}
    catalogue = replace(CATALOGUE, models=models, default_model="i2vgen-xl")
    admission = Admission(catalogue, weak)
    table = {option.name: option for option in OPTIONS}
    assert admission.about(table["steps"], larger) == {"low": 20, "high": 20}
    assert admission.about(table["frames"], larger) == {"low": 12, "high": 12}
    assert admission.about(table["resolution"], larger) == {"default": "640p"}
    assert admission.defaults()["resolution"] == "640p"
    with pytest.raises(BadRequest) as refusal:
        admission.admit(Options("a", resolution="768p"), "0" * 64, (640, 640), 0)
    assert refusal.value.parameters["names"] == "512p, 640p"


def test_a_story_begins_once_where_its_path_does_and_every_prompt_goes_on() -> None:
    path = "0 zoom 2; 1 zoom 1"
    request = admit(Options("waves\nwind", path=path, story=1))
    first, second = [segment.camera for segment in request.segments]
    assert first == request.camera
    assert (second.start, second.keyframes[-1].pose.zoom) == (Pose(), 0.5)
    assert ADMISSION.options_of(request)["path"] == path


def test_what_goes_on_from_a_clip_that_began_elsewhere_goes_the_same_way() -> None:
    request = admit(Options("waves", path="0 zoom 2 right 0.1; 1 zoom 1"))
    made = replace(JOB, request=request, clip=CLIP)
    options = extension_options(ADMISSION, made)
    assert options["path"] == "1 zoom 0.5"
    longer = extension_of(ADMISSION, made, options, 7)
    assert longer.camera.start == Pose()
    with pytest.raises(BadRequest, match="request_path_start"):
        extension_of(ADMISSION, made, options.replace(path="0 zoom 2; 1 zoom 1"), 7)
