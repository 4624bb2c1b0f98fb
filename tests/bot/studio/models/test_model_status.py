"""What a model costs here, who serves it, and how long its queue is."""

from __future__ import annotations

from dataclasses import replace

from bot.studio.models.availability import Availability
from bot.studio.models.model_status import ModelStatus, model_statuses
from bot.studio.orders.admission import Admission
from storage.database.queries.pending_jobs import QueueSize
from storage.domain.models.served_model import ServedModel
from tests.support.catalogue.admission import ADMISSION, CATALOGUE
from tests.support.catalogue.model_rows import SILENT, with_rows

PROFILES = {"i2vgen-xl": CATALOGUE.profiles["a100"]}
SERVED = ServedModel("embedded", "embedded", CATALOGUE.models["embedded"].revision)
OLD = replace(SERVED, revision=SERVED.revision - 1)
BOTH = replace(ADMISSION, profiles=PROFILES)


def test_what_is_away_is_not_counted() -> None:
    for status in model_statuses(BOTH, None, None):
        assert status.availability is Availability.SERVED
        assert (status.workers, status.waiting, status.running) == (None, None, None)


def test_each_model_has_its_own_workers_queue_and_price() -> None:
    small, full = model_statuses(
        BOTH, {SERVED: 1, OLD: 1}, {"i2vgen-xl": QueueSize(waiting=3, running=1, oldest=5.0)}
    )
    assert small == ModelStatus("embedded", Availability.SERVED, small.credits, 2, 0, 0, outdated=1)
    assert full == ModelStatus("i2vgen-xl", Availability.UNSERVED, full.credits, 0, 3, 1)
    assert full.credits == 64  # a minute's work of the reference card, and handling
    assert small.credits is not None
    assert small.credits < full.credits


def test_a_model_that_cannot_be_ordered_any_more_is_listed_while_it_has_orders() -> None:
    sizes = {"gone": QueueSize(waiting=1, running=0, oldest=5.0)}
    names = {status.name: status for status in model_statuses(BOTH, {}, sizes)}
    assert [*names] == ["embedded", "i2vgen-xl", "gone"]
    assert names["gone"] == ModelStatus("gone", Availability.UNSERVED, None, 0, 1, 0)


def test_a_model_without_prompts_has_a_price_too() -> None:
    catalogue = with_rows(SILENT)
    admission = Admission(catalogue, CATALOGUE.profiles["a100"])
    statuses = {one.name: one for one in model_statuses(admission, None, None)}
    assert statuses["silent"].credits
