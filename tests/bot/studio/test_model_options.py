"""What a model can be given, in which language, and how many frames it makes, by its row alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.chains.extension import tweaked
from bot.studio.option_table import OPTIONS, Option
from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from storage.domain.camera.motion import Camera
from storage.domain.errors import BadRequest
from storage.domain.models.ranges import Span
from storage.domain.quota import price
from storage.domain.request import GenerationRequest, Preset
from tests.support.catalogue.model_rows import ENGLISH, SILENT, with_rows

CATALOGUE = with_rows(SILENT, ENGLISH)
A100 = CATALOGUE.profiles["a100"]
ADMISSION = Admission(CATALOGUE, A100, profiles={"english": ENGLISH.on(A100)})


def admit(model: str, prompt: str | None = "waves", **options: str | float) -> GenerationRequest:
    asked = Options(prompt, model=model, **options)
    return ADMISSION.admit(asked, picture="0" * 64, size=(4, 3), seed=1)


def option(name: str) -> Option:
    return next(option for option in OPTIONS if option.name == name)


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        ("silent", "prompt", "waves"),
        ("silent", "negative_prompt", "blur"),
        ("silent", "camera", "zoom_in"),
        ("silent", "speed", "slow"),
        ("silent", "strength", 0.5),
        ("silent", "path", "left, right"),
        ("silent", "candidates", 2),
        ("silent", "story", 1),
        ("english", "guidance", 7.0),
    ],
)
def test_what_a_model_cannot_be_given_is_refused_by_name(
    model: str, name: str, value: str | float
) -> None:
    asked = Options(model=model).replace(**{"prompt": "waves" if model == "english" else None})
    with pytest.raises(BadRequest) as caught:
        ADMISSION.admit(asked.replace(**{name: value}), picture="0" * 64, size=(4, 3), seed=1)
    assert (caught.value.key, caught.value.parameters) == (
        "request_unable",
        {"name": name, "model": model},
    )


def test_a_default_of_what_it_cannot_be_given_is_no_fault() -> None:
    request = admit("silent", prompt="", camera="auto", candidates=1, strength=0.0)
    assert request.prompt == request.negative_prompt == ""
    assert request.camera == Camera(strength=0.0)
    assert request.guidance == 3.0
    again = ADMISSION.options_of(request)
    assert ADMISSION.admit(again, request.picture, (4, 3), 1) == request


def test_a_prompt_is_wanted_by_those_who_read_one() -> None:
    with pytest.raises(BadRequest) as caught:
        admit("english", prompt="")
    assert caught.value.key == "request_prompt_empty"


def test_camera_words_steer_nothing_where_no_camera_is_followed() -> None:
    request = admit("english", "first zoom in, then pan left")
    assert request.camera == Camera(strength=0.0)
    assert admit("i2vgen-xl", "first zoom in, then pan left").camera.keyframes


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("海浪涌来，镜头缓慢推近", False),
        ("カメラがゆっくりズームイン", False),
        ("волны", False),
        ("waves roll in", True),
        ("la caméra s'approche", True),
        ("a sign that says 海", True),
        ("8, 9 …", True),
    ],
)
def test_a_prompt_in_another_script_is_refused_where_it_is_not_read(
    prompt: str, read: bool
) -> None:
    assert admit("i2vgen-xl", prompt).prompt == prompt
    if read:
        assert admit("english", prompt).prompt == prompt
        return
    for asked in ({"prompt": prompt}, {"prompt": "waves", "negative_prompt": prompt}):
        with pytest.raises(BadRequest) as caught:
            admit("english", **asked)
        assert caught.value.key == "request_english_only"
        assert caught.value.parameters == {"model": "english"}


@pytest.mark.parametrize(("asked", "made"), [(None, 121), (9, 9), (58, 57), (62, 65), (124, 121)])
def test_frames_become_the_nearest_number_that_the_model_makes(
    asked: int | None, made: int
) -> None:
    options: dict[str, int] = {} if asked is None else {"frames": asked}
    assert admit("english", "waves", **options).frames == made


def test_frames_have_the_bounds_that_the_model_makes() -> None:
    assert ADMISSION.bounds(option("frames"), ENGLISH) == Span(9, 121)
    for frames in (4, 126):
        with pytest.raises(BadRequest):
            admit("english", frames=frames)


def test_hardware_without_the_memory_bounds_frames_in_steps_too() -> None:
    weak = Admission(CATALOGUE, ENGLISH.on(CATALOGUE.profiles["cpu"]))
    assert weak.bounds(option("frames"), ENGLISH) == Span(9, 25)
    asked = Options("waves", model="english", resolution="512p")
    with pytest.raises(BadRequest):
        weak.admit(asked, picture="0" * 64, size=(1, 1), seed=1)


def test_only_the_presets_that_a_model_has_are_offered() -> None:
    preset = option("preset")
    assert [*ADMISSION.choices(preset, ENGLISH)] == ["exact", "draft"]
    assert [*ADMISSION.choices(preset, SILENT)] == [*Preset]
    with pytest.raises(BadRequest) as caught:
        admit("english", preset="fast")
    assert caught.value.key == "request_preset"


def test_an_old_clip_whose_preset_its_model_has_lost_is_refused_again_with_those_it_has() -> None:
    old = replace(admit("english"), preset=Preset.FAST)
    with pytest.raises(BadRequest) as caught:
        ADMISSION.check(old)
    assert caught.value.key == "request_preset"
    assert caught.value.parameters == {"names": "exact, draft"}
    ADMISSION.check(admit("english", preset="draft"))


@pytest.mark.parametrize("preset", Preset)
def test_an_order_that_outlives_its_preset_has_a_price(preset: Preset) -> None:
    bare = replace(ENGLISH, presets={Preset.EXACT: ENGLISH.presets[Preset.EXACT]}).work
    assert 4 < price(replace(admit("english"), preset=preset), bare) < 10_000


def test_lists_show_what_the_model_can_be_given_alone() -> None:
    names = {option.name for option in ADMISSION.options_for("silent")}
    assert names == {option.name for option in OPTIONS} - {
        *("prompt", "negative_prompt", "camera", "speed", "strength", "path"),
        *("candidates", "choose", "story", "end_picture", "style"),
    }
    assert ADMISSION.options_for("no such model any more") == OPTIONS
    models = ADMISSION.offering(option("camera"))
    assert [model.name for model in models] == ["embedded", "i2vgen-xl"]


def test_a_clip_goes_on_with_no_model_that_cannot_make_its_size() -> None:
    old = replace(admit("i2vgen-xl"), source="1" * 64)
    assert (old.width, old.height) == (576, 448)
    wide = replace(ENGLISH, aspects=((3, 1),))
    admission = Admission(with_rows(wide), A100)
    with pytest.raises(BadRequest) as caught:
        tweaked(admission, old, Options("waves", model="english", frames=9), seed=1)
    assert caught.value.key == "request_other_size"
    assert tweaked(admission, old, Options("waves", model="i2vgen-xl"), seed=1).width == 576


def test_the_price_follows_a_models_own_presets_and_the_growth_of_its_work() -> None:
    exact, draft = admit("english"), admit("english", preset="draft")
    work = ENGLISH.work
    assert price(draft, work) - 4 == pytest.approx((price(exact, work) - 4) / 2, abs=1)
    grown = replace(ENGLISH, growth=2.0).work
    square = replace(exact, width=512, height=512)  # the default size
    large, small = replace(square, width=1024, height=1024), replace(square, frames=61)
    assert price(square, grown) == price(square, work)
    assert price(large, grown) - 4 == pytest.approx(16 * (price(square, work) - 4), rel=0.01)
    assert price(small, grown) < price(small, work)
