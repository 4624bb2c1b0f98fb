"""The candidates of one order differ, and each is an order of its own once it is chosen."""

from __future__ import annotations

import pytest

from bot.studio.options import Options
from storage.domain.camera.motion import Motion, Reading, Speed
from storage.domain.drafts import candidates as drafts
from storage.domain.drafts.grid import GAP, columns, grid_size
from storage.domain.quota import price
from storage.domain.request import SEED_LIMIT, GenerationRequest
from tests.support.catalogue.admission import CATALOGUE, admit


def four(prompt: str, **options: str | int | float) -> GenerationRequest:
    return admit(Options(prompt, candidates=4, **options))


def motions(request: GenerationRequest, *, wide: bool = False, high: bool = False) -> list[str]:
    return [one.motion.value for one in drafts.cameras(request, wide=wide, high=high)]


def test_an_order_that_names_no_motion_shows_different_ones() -> None:
    open_order = four("steam rises")
    assert motions(open_order) == ["auto", "zoom_in", "pan_right", "zoom_out"]
    assert motions(open_order, wide=True) == ["auto", "zoom_in", "pan_right", "pan_left"]
    assert motions(open_order, high=True) == ["auto", "zoom_in", "tilt_up", "tilt_down"]
    eight = admit(Options("steam rises", candidates=8))
    assert len(set(motions(eight))) == 8


def test_an_order_that_names_its_motion_shows_different_speeds_of_it() -> None:
    named = drafts.cameras(four("pan left"), wide=True, high=True)
    assert {one.motion for one in named} == {Motion.AUTO}
    assert [one.speed.value for one in named] == ["normal", "slow", "fast", "normal"]


@pytest.mark.parametrize(
    "request_",
    [
        four("pan left slowly"),
        four("pan left", speed="fast"),
        four("hold still"),
        four("waves", path="zoom in, then pan left"),
        four("steam rises", strength=0.0),
    ],
    ids=["speed in the prompt", "speed", "still", "path", "camera off"],
)
def test_what_was_ordered_stays_as_it_is(request_: GenerationRequest) -> None:
    assert len(set(drafts.cameras(request_, wide=True, high=True))) == 1
    assert len(set(drafts.seeds(request_))) == 4


def test_a_candidate_in_full_is_the_order_that_somebody_would_type() -> None:
    for prompt, camera, typed in (
        ("steam rises", Reading(Motion.ZOOM_IN), {"camera": "zoom_in"}),
        ("steam rises", Reading(Motion.AUTO), {}),
        ("pan left", Reading(Motion.AUTO, Speed.SLOW), {"speed": "slow"}),
        ("向左平移", Reading(Motion.AUTO, Speed.FAST), {"speed": "fast"}),
    ):
        direct = admit(Options(prompt, seed=9, **typed))
        assert drafts.in_full(four(prompt), 9, camera) == direct
        assert drafts.in_full(four(prompt), 9, camera).fingerprint == direct.fingerprint


def test_seeds_follow_each_other_beyond_the_largest() -> None:
    assert drafts.seeds(four("waves", seed=SEED_LIMIT)) == (SEED_LIMIT, 0, 1, 2)


@pytest.mark.parametrize(
    ("count", "size", "across"),
    [
        (1, (256, 256), 1),
        (2, (288, 224), 1),
        (2, (192, 336), 2),
        (4, (256, 256), 2),
        (5, (256, 256), 3),
        (8, (256, 256), 3),
    ],
)
def test_drafts_lie_side_by_side_in_as_square_a_clip_as_possible(
    count: int, size: tuple[int, int], across: int
) -> None:
    assert columns(count, *size) == across
    down = -(-count // across)
    width, height = size
    whole = (across * width + (across - 1) * GAP, down * height + (down - 1) * GAP)
    assert grid_size(count, *size) == whole


@pytest.mark.parametrize("model", ["embedded", "i2vgen-xl"])
def test_drafts_cost_less_than_clips(model: str) -> None:
    row, work = CATALOGUE.models[model], CATALOGUE.work(model)
    size = row.size(row.defaults.resolution, (4, 3))
    one = row.request(size, picture="", prompt="waves", seed=1)
    shown = row.request(
        size, picture="", prompt="waves", seed=1, candidates=4, drafts=row.draft_size(*size)
    )
    judged = row.request(size, picture="", prompt="waves", seed=1, candidates=4)
    assert price(shown, work) < 2 * price(one, work)
    assert price(shown, work) + price(one, work) < price(judged, work)


def test_a_draft_has_the_clips_shape_and_a_size_that_its_model_takes() -> None:
    rendered, denoised = CATALOGUE.models["embedded"], CATALOGUE.models["i2vgen-xl"]
    assert rendered.draft_size(512, 512) == (256, 256)
    assert rendered.draft_size(1024, 1024) == (256, 256)
    assert rendered.draft_size(128, 128) == (128, 128)
    for aspect in denoised.aspects:
        width, height = denoised.draft_size(*denoised.size("512p", aspect))
        assert width % denoised.multiple == height % denoised.multiple == 0
        assert width * height <= 0.3 * 512 * 512
