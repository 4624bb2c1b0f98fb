"""Who makes the clips of a model now."""

from __future__ import annotations

from dataclasses import replace

from bot.studio.models.availability import Availability, availability
from storage.catalogue_file import load_catalogue

WHOLE = load_catalogue()
STARTED = replace(WHOLE.models["i2vgen-xl"], on_demand=True)
CATALOGUE = replace(WHOLE, models={**WHOLE.models, "i2vgen-xl": STARTED})


def test_a_live_worker_serves_its_model_alone() -> None:
    workers = {"embedded": 1}
    assert availability("embedded", workers, CATALOGUE) is Availability.SERVED
    assert availability("i2vgen-xl", workers, CATALOGUE) is Availability.ON_DEMAND
    assert availability("i2vgen-xl", workers, WHOLE) is Availability.UNSERVED
    assert availability("i2vgen-xl", {"i2vgen-xl": 2}, CATALOGUE) is Availability.SERVED


def test_a_model_that_is_not_offered_any_more_is_unserved() -> None:
    assert availability("gone", {"embedded": 1}, CATALOGUE) is Availability.UNSERVED


def test_nobody_is_told_that_a_model_is_away_because_redis_is() -> None:
    assert availability("embedded", None, WHOLE) is Availability.SERVED
