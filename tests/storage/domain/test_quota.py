"""Prices follow the work of a request, and limits hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.domain.catalogue import QuotaRow
from storage.domain.errors import QuotaExceeded
from storage.domain.finish import Finish
from storage.domain.picture import TextToImage
from storage.domain.quota import (
    DAY,
    Allowance,
    Budget,
    ServerAllowance,
    check,
    day_of,
    month_of,
    price,
)
from storage.domain.request import DenoisedShape, GenerationRequest, Preset
from tests.support.examples import REQUEST

QUOTA = QuotaRow(credits_per_day=100, unfinished_jobs=3)
FULL = replace(REQUEST, width=512, height=512, steps=50, guidance=9.0)


def test_the_full_models_default_clip_costs_about_a_minute() -> None:
    assert 60 <= price(FULL) <= 70


def test_even_the_smallest_clip_costs_something() -> None:
    assert price(replace(REQUEST, width=32, height=32, frames=2, steps=1)) >= 1


@pytest.mark.parametrize("one", [FULL, REQUEST])
def test_several_candidates_cost_as_many(one: GenerationRequest) -> None:
    assert 2 * price(one) - 1 <= price(replace(one, candidates=2)) <= 2 * price(one)


def test_more_work_costs_more() -> None:
    for change in ({"frames": 32}, {"steps": 100}, {"width": 1024}, {"candidates": 2}):
        assert price(replace(FULL, **change)) > price(FULL)  # type: ignore[arg-type]  # by name


def test_a_rendered_clip_costs_what_is_denoised_and_a_little_for_its_pixels() -> None:
    rendered = replace(FULL, frames=60, fps=24, denoised=DenoisedShape(128, 128, 16))
    small = replace(FULL, width=128, height=128)
    assert price(small) < price(rendered) <= price(small) + 3
    assert price(replace(rendered, width=1024, height=1024)) > price(rendered)


def test_quicker_presets_and_unguided_steps_cost_less() -> None:
    assert price(replace(FULL, preset=Preset.DRAFT)) < price(replace(FULL, preset=Preset.FAST))
    assert price(replace(FULL, preset=Preset.FAST)) < price(FULL)
    assert price(replace(FULL, guidance=1.0)) < price(FULL)


def test_a_picture_that_is_made_first_costs_by_its_steps() -> None:
    for given in (FULL, replace(FULL, candidates=3), replace(FULL, candidates=3, drafts=(64, 64))):
        slow, turbo = (
            price(replace(given, text_to_image=TextToImage("some/model", steps, guidance)))
            for steps, guidance in ((30, 7.0), (1, 0.0))
        )
        assert slow - price(given) in (9, 10)
        assert turbo - price(given) in (0, 1)
    finished = replace(FULL, source="b" * 64, finish=Finish(reverse=True))
    made = TextToImage("some/model", 30, 7.0)
    assert price(replace(finished, text_to_image=made)) == price(finished)


def test_a_day_ends_at_midnight_utc() -> None:
    assert day_of(3 * DAY - 0.001) == 2
    assert day_of(3 * DAY) == 3


def test_the_last_credit_may_be_spent_and_not_one_more() -> None:
    allowance = Allowance(spent=60, reserved=30, limit=100, resets_at=1000.0)
    check(allowance, [10], QUOTA, now=400.0)
    with pytest.raises(QuotaExceeded) as caught:
        check(allowance, [11], QUOTA, now=400.0)
    assert caught.value.key == "quota_spent"
    assert caught.value.parameters == {"cost": 11, "left": 10, "limit": 100, "resets_in": 600}


def test_too_many_jobs_at_once_are_refused() -> None:
    allowance = Allowance(spent=0, reserved=0, limit=100, resets_at=0.0, unfinished=3)
    with pytest.raises(QuotaExceeded) as caught:
        check(allowance, [1], QUOTA, now=0.0)
    assert caught.value.key == "quota_too_many"


def test_several_clips_are_ordered_all_or_none_and_it_is_told_how_many_fit() -> None:
    allowance = Allowance(spent=60, reserved=30, limit=100, resets_at=1000.0, unfinished=1)
    check(allowance, [4, 6], QUOTA, now=400.0)
    with pytest.raises(QuotaExceeded) as caught:
        check(allowance, [4, 7], QUOTA, now=400.0)
    assert caught.value.key == "quota_spent_for_all"
    assert caught.value.parameters == {
        "count": 2,
        "fits": 1,
        "cost": 11,
        "left": 10,
        "limit": 100,
        "resets_in": 600,
    }
    with pytest.raises(QuotaExceeded) as caught:
        check(allowance, [1, 1, 1, 1], QUOTA, now=400.0)
    assert caught.value.key == "quota_too_many_for_all"
    assert caught.value.parameters == {"count": 4, "fits": 2, "limit": 3}


def test_clips_that_cost_nothing_are_never_too_many() -> None:
    check(Allowance(spent=200, reserved=0, limit=100, resets_at=0.0, unfinished=9), [], QUOTA, 0.0)


def test_an_overdrawn_allowance_has_nothing_left() -> None:
    assert Allowance(spent=150, reserved=0, limit=100, resets_at=0.0).left == 0


def test_a_month_is_the_calendars_in_utc() -> None:
    assert month_of(0.0) == range(31)
    assert month_of(31 * DAY - 0.001) == range(31)
    assert month_of(31 * DAY) == range(31, 59)  # February 1970
    assert month_of(789 * DAY) == range(761, 790)  # February 1972, in a leap year


def budget(left: int) -> Budget:
    return Budget(spent=5, reserved=5, limit=10 + left, resets_at=1000.0)


FREE = Allowance(spent=0, reserved=0, limit=100, resets_at=500.0)
OPEN = Budget(spent=5, reserved=5, limit=None, resets_at=1000.0)


@pytest.mark.parametrize(
    ("allowance", "key"),
    [
        (replace(FREE, month=budget(9)), "quota_spent_month"),
        (replace(FREE, server=ServerAllowance(budget(9), OPEN, 0, None)), "quota_here_spent"),
        (replace(FREE, server=ServerAllowance(OPEN, budget(9), 0, 5)), "quota_here_spent_month"),
        (replace(FREE, server=ServerAllowance(OPEN, OPEN, 2, 2)), "quota_here_too_many"),
    ],
)
def test_the_month_and_the_server_bound_what_may_be_ordered_too(
    allowance: Allowance, key: str
) -> None:
    with pytest.raises(QuotaExceeded) as caught:
        check(allowance, [10], QUOTA, now=400.0)
    assert caught.value.key == key
    if key != "quota_here_too_many":
        expected = {"cost": 10, "left": 9, "limit": 19, "resets_in": 600}
        assert caught.value.parameters == expected
        check(allowance, [9], QUOTA, now=400.0)


def test_of_several_limits_the_narrowest_is_told() -> None:
    server = ServerAllowance(budget(20), budget(10), 0, 2)
    with pytest.raises(QuotaExceeded) as caught:
        check(replace(FREE, month=budget(30), server=server), [10, 10, 10], QUOTA, now=400.0)
    assert caught.value.key == "quota_here_spent_month_for_all"
    assert (caught.value.parameters["fits"], caught.value.parameters["count"]) == (1, 3)


def test_without_limits_of_month_and_server_the_day_alone_counts() -> None:
    server = ServerAllowance(OPEN, OPEN, 99, None)
    check(replace(FREE, month=OPEN, server=server), [100], QUOTA, now=400.0)
