"""The audit passes what is right and catches each thing that may go wrong."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.audit import Verdict, audit
from tests.faults.evidence import Evidence, JobRecord, Run, Sighting
from tests.faults.injection import FaultRecord
from tests.faults.people import PlacedOrder

ORDER = PlacedOrder(
    0, "ada", "zoom in s0n0", kind="deferred", interaction="i0", message="m0", at=100.0
)
REFUSED = replace(
    ORDER, number=1, person="ben", prompt="zoom in s0n1", interaction="i1", message="m1"
)
REACTION = replace(
    ORDER, number=2, person="eve", kind="reaction", interaction="", at=110.0, parent="j0"
)
SETTLED = (("reserve", 5), ("settle", 0))
REFUNDED = (("reserve", 5), ("refund", -5))
JOB = JobRecord("j0", "ada", "zoom in s0n0", "", "done", 5, False, True, False, SETTLED)
RETRY = replace(JOB, id="j2", owner="eve", parent="j0")
CLIP = Sighting("j0", "m0", 104.0, clip=True, private=False)
RETRY_CLIP = Sighting("j2", "m2", 115.0, clip=True, private=False)
RUN = Run("j0", 7, (1.0, 1.1, 1.2), finished=True)


def history() -> Evidence:
    """Return a run in which everything went well."""
    return Evidence(
        placed=[ORDER, REFUSED, REACTION],
        sightings=[CLIP, RETRY_CLIP],
        jobs=[JOB, RETRY],
        runs=[RUN, Run("j2", 8, (1.0, 1.1, 1.2), finished=True)],
        told={"i1"},
        notices={("ping", "m0"): {"p0"}},
        faults=[FaultRecord("bot_kill", 105.0, 106.5)],
    )


def changed(**changes: Any) -> Verdict:
    return audit(replace(history(), **changes))


def test_a_run_without_any_fault_passes() -> None:
    verdict = audit(history())
    assert verdict.passed
    assert verdict.remade == []
    assert verdict.slowest_recovery == 8.5
    assert verdict.slowest_delivery == 5.0


UNFINISHED = replace(JOB, status="running", entries=(("reserve", 5),))
FAILED = replace(JOB, status="failed", entries=REFUNDED)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("never shown", {"sightings": [RETRY_CLIP], "jobs": [FAILED, RETRY]}),
        ("never ended", {"jobs": [UNFINISHED, RETRY]}),
        ("never fetched", {"sightings": [CLIP], "jobs": [JOB, replace(RETRY, waits=True)]}),
    ],
)
def test_what_is_lost_is_found(name: str, changes: dict[str, Any]) -> None:
    assert changed(**changes).lost, name
    assert not changed(**changes).passed


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("two messages", {"sightings": [CLIP, replace(CLIP, message="m9"), RETRY_CLIP]}),
        ("two jobs", {"jobs": [JOB, RETRY, replace(JOB, id="j9")]}),
        ("two pings", {"notices": {("ping", "m0"): {"p0", "p1"}}}),
        ("two notices", {"notices": {("words", "m0 <@eve> ⚠️ again"): {"w0", "w1"}}}),
    ],
)
def test_what_came_twice_is_found(name: str, changes: dict[str, Any]) -> None:
    assert changed(**changes).twice, name
    assert not changed(**changes).passed


def test_a_clip_that_its_owner_fetched_beside_the_message_is_not_twice() -> None:
    fetched = replace(CLIP, message="m9", private=True)
    assert changed(sightings=[CLIP, fetched, RETRY_CLIP]).passed


@pytest.mark.parametrize(
    "job",
    [
        replace(JOB, entries=REFUNDED),
        replace(JOB, entries=(("reserve", 5), ("settle", 0), ("settle", 0))),
        replace(JOB, entries=(("reserve", 4), ("settle", 0))),
        replace(JOB, entries=()),
        replace(JOB, status="failed", entries=SETTLED),
        replace(JOB, status="cancelled", entries=(("reserve", 5), ("refund", -4))),
        replace(JOB, cached=True),
    ],
)
def test_a_wrong_charge_is_found(job: JobRecord) -> None:
    shown = [replace(CLIP, clip=job.status == "done"), RETRY_CLIP]
    verdict = changed(jobs=[job, RETRY], sightings=shown)
    assert verdict.mischarged
    assert not verdict.passed


def test_a_charge_for_words_is_found() -> None:
    words = replace(CLIP, clip=False)
    assert changed(sightings=[words, RETRY_CLIP]).mischarged
    assert changed(sightings=[words, RETRY_CLIP], jobs=[FAILED, RETRY]).passed


def test_a_clip_that_words_replaced_is_not_charged_for() -> None:
    replaced = [replace(CLIP, replaced=True), replace(CLIP, at=105.0, clip=False), RETRY_CLIP]
    assert changed(sightings=replaced).mischarged
    assert changed(sightings=replaced, jobs=[replace(JOB, entries=REFUNDED), RETRY]).passed


def test_a_clip_of_no_known_job_is_found() -> None:
    assert changed(sightings=[CLIP, RETRY_CLIP, replace(CLIP, job="j9")]).mischarged


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("no words", {"told": set()}),
        ("one of two clips", {"placed": [replace(ORDER, pictures=2), REFUSED, REACTION]}),
        ("left over", {"begun_orders": 1}),
        ("given up", {"given_up": [3]}),
    ],
)
def test_what_is_unanswered_is_found(name: str, changes: dict[str, Any]) -> None:
    assert changed(**changes).unanswered, name
    assert not changed(**changes).passed


def test_words_in_a_message_of_their_own_are_an_answer_to_one_order() -> None:
    untold = [ORDER, replace(REFUSED, pictures=3), REACTION]
    assert changed(placed=untold, told=set(), addressed={"ben": {"w0"}}).passed
    another = replace(REFUSED, number=5, prompt="zoom in s0n5", interaction="i5", message="m5")
    assert changed(placed=[*untold, another], told=set(), addressed={"ben": {"w0"}}).unanswered
    assert changed(placed=untold, told=set(), addressed={"ada": {"w0"}}).unanswered


def test_a_process_that_gave_up_is_found() -> None:
    assert not changed(gave_up=["bot1"]).passed


def test_two_runs_at_the_same_time_are_found() -> None:
    other = Run("j0", 9, (1.15, 1.25, 1.35), finished=False)
    assert changed(runs=[RUN, other]).overlaps
    assert not changed(runs=[RUN, other]).passed


def test_a_run_in_the_gap_of_one_that_stood_still_is_no_overlap() -> None:
    frozen = Run("j0", 7, (1.0, 1.1, 20.0, 20.1), finished=True)
    between = Run("j0", 9, (16.0, 16.1, 16.2), finished=True)
    verdict = changed(runs=[frozen, between])
    assert verdict.passed
    assert verdict.remade == ["j0"]
    assert changed(runs=[frozen, replace(between, marks=(20.05, 20.2))]).overlaps
