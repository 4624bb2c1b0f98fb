"""What was used by a person, in a server and everywhere, by day and model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.connect import lock
from storage.database.jobs import Jobs
from storage.database.usage import sums, usage_table
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.clip import Failure
from storage.domain.cost.bill import WorkerLife
from storage.domain.job import Job, Status
from storage.domain.privacy.anonymous import ANONYMOUS
from storage.domain.quota import DAY, day_of
from storage.domain.usage.usage import Usage
from tests.support.examples import CLIP, job

NOON = 1000 * DAY + DAY / 2
TODAY = 1000


@pytest.fixture
def unbounded(engine: AsyncEngine, catalogue: Catalogue) -> Jobs:
    return Jobs(engine, replace(catalogue, quota=QuotaRow(10**9, 10**9)))


def order(name: str, owner: str = "ann", guild: str = "1", created: float = NOON) -> Job:
    new = job(name, owner, created)
    return replace(new, reply_to=replace(new.reply_to, guild=guild))


async def make(jobs: Jobs, new: Job, seconds: float = 2.0, waited: float = 30.0) -> None:
    """Order a clip and make it."""
    await jobs.add(new)
    await jobs.dispatched(new.id, 1, new.created + waited)
    await jobs.started(new.id, 1, new.created + waited)
    await jobs.finish(new.id, replace(CLIP, seconds=seconds, worker="w"), new.created + 100.0)


async def test_a_server_has_what_was_ordered_there_and_nothing_else(unbounded: Jobs) -> None:
    jobs = unbounded
    await make(jobs, order("a"), waited=10.0)
    await make(jobs, order("b", "bob", created=NOON - DAY), seconds=8.0, waited=100.0)
    await make(jobs, order("c", guild="2"))
    await make(jobs, order("old", created=NOON - 9 * DAY))
    failed = replace(order("d", "bob"), request=replace(order("d").request, model="other"))
    await jobs.add(failed, order("e", "bob"))
    await jobs.finish("d", Failure("failed_memory"), NOON)
    await jobs.cancel("e", "bob", NOON)
    cached = replace(order("f"), status=Status.DONE, clip=CLIP, cached=True, cost=0, ended=NOON)
    await jobs.add(cached)

    found = await jobs.usage.of_server("1", TODAY - 6, TODAY)
    assert list(found.by_day) == [TODAY - 1, TODAY]
    assert found.by_day[TODAY - 1] == Usage(done=1, credits=5, seconds=8.0)
    assert list(found.by_subject) == ["bob", "ann"]
    bob = Usage(done=1, failed=1, cancelled=1, credits=5, refunded=10, seconds=8.0)
    assert found.by_subject["bob"] == bob
    ann = found.by_subject["ann"]
    assert (ann.done, ann.cached, ann.made, ann.credits) == (2, 1, 1, 5)
    assert ann.saved > 0
    assert found.by_model["other"] == Usage(failed=1, refunded=5)
    assert found.failures == {"failed_memory": 1}
    assert found.waiting.quantile(0.5) == pytest.approx(10.0, rel=0.1)
    assert found.waiting.quantile(0.95) == pytest.approx(100.0, rel=0.1)
    assert found.total.done == 3
    assert found.others == Usage()


async def test_a_person_has_what_they_ordered_in_all_places(unbounded: Jobs) -> None:
    await make(unbounded, order("a"))
    await make(unbounded, order("b", guild=""))
    await make(unbounded, order("c", "bob"))
    found = await unbounded.usage.of_person("ann", TODAY - 29, TODAY)
    assert found.by_day == {TODAY: Usage(done=2, credits=10, seconds=4.0)}
    assert (found.by_subject, found.failures) == ({}, {})
    assert len(found.days) == 30
    nobody = await unbounded.usage.of_person("eve", TODAY - 29, TODAY)
    assert nobody.total == Usage()


async def test_the_service_names_servers_and_no_people(unbounded: Jobs) -> None:
    for number, (guild, seconds) in enumerate((("1", 5.0), ("2", 8.0), ("2", 1.0), ("", 7.0))):
        await make(unbounded, order(f"j{number}", guild=guild), seconds)
    life = WorkerLife("a", "w", "", NOON, NOON, NOON + 42.0, True)
    await unbounded.lives.record(life, 2.1)
    found = await unbounded.usage.of_service(TODAY, TODAY)
    assert {guild: usage.seconds for guild, usage in found.by_subject.items()} == {
        "2": 9.0,
        "": 7.0,
        "1": 5.0,
    }
    most, others = await unbounded.usage.servers(TODAY, 2)
    assert list(most) == ["2", ""]
    assert [one.all_seconds for one in most.values()] == pytest.approx([18.0, 14.0])
    assert (others.all_seconds, others.money) == pytest.approx((10.0, 0.5))
    assert (await unbounded.usage.of_server("2", TODAY, TODAY)).total.money == pytest.approx(0.9)
    assert (await unbounded.usage.servers(day_of(NOON + DAY), 2))[0] == {}


def test_nobody_is_left_where_all_are_named() -> None:
    """However the sums of floats were rounded."""
    total, named = Usage(done=3, seconds=0.1 + 0.2), {"ann": Usage(done=3, seconds=0.3)}
    assert usage_table._rest(total, named, 2) == Usage()
    assert usage_table._rest(total, named, 1).seconds == pytest.approx(0.0)


async def test_only_the_largest_are_named(unbounded: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_table, "SUBJECTS", 1)
    for owner, seconds in (("ann", 1.0), ("bob", 3.0), ("cleo", 2.0)):
        await make(unbounded, order(owner, owner), seconds)
    found = await unbounded.usage.of_server("1", TODAY, TODAY)
    assert list(found.by_subject) == ["bob"]
    assert found.others == Usage(done=2, credits=10, seconds=3.0)


async def test_a_forgotten_persons_sums_stay_without_their_name(
    unbounded: Jobs, engine: AsyncEngine
) -> None:
    for name, owner, created in (
        ("a", "ann", NOON),
        ("b", "ann", NOON - DAY),
        ("c", "bob", NOON),
        ("d", "cleo", NOON),
    ):
        await make(unbounded, order(name, owner, created=created))
    before = await unbounded.usage.of_server("1", TODAY - 1, TODAY)
    for owner in ("ann", "bob"):
        async with engine.begin() as connection:
            await lock(connection, owner)
            await sums.rename(connection, owner, ANONYMOUS)
    after = await unbounded.usage.of_server("1", TODAY - 1, TODAY)
    assert after.by_subject == {
        ANONYMOUS: Usage(done=3, credits=15, seconds=6.0),
        "cleo": Usage(done=1, credits=5, seconds=2.0),
    }
    assert (after.by_day, after.by_model) == (before.by_day, before.by_model)
    assert (await unbounded.usage.of_person("ann", TODAY - 1, TODAY)).total == Usage()
    service = await unbounded.usage.of_service(TODAY - 1, TODAY)
    assert service.by_subject == {"1": after.total}
