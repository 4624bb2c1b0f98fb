"""Policies are kept, each change is recorded, and two who change at once lose nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.jobs import Jobs
from storage.database.tables import audit, servers
from storage.domain.errors import BadRequest, NotAllowed, Unavailable
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.policy import (
    MOST_BANS,
    Ban,
    Change,
    Maintenance,
    RoleAllowance,
    ServerPolicy,
)

FULL = ServerPolicy(
    channels=("1", "2"),
    roles=("3",),
    allowances=(RoleAllowance("3", credits_per_day=0, seconds=2.5), RoleAllowance("4", side=512)),
    bans=(Ban("5", by="6", at=1.5, reason="spam"),),
    maintenance=Maintenance(2.0, "back at noon"),
    reports="7",
    retention_days=30,
    filter_level="strict",
    words=("a word",),
)

ANN = AuditEntry("1", "ann", "settings")


def to(policy: ServerPolicy) -> Change:
    return lambda _: policy


async def test_a_server_that_set_nothing_has_the_defaults(jobs: Jobs) -> None:
    assert await jobs.servers.policy("1") == ServerPolicy()


async def test_a_policy_is_kept_for_its_server_alone(jobs: Jobs) -> None:
    changed = await jobs.servers.change(ANN, to(FULL), 10.0)
    assert changed == await jobs.servers.policy("1") == FULL
    assert await jobs.servers.policy("") == ServerPolicy()


async def test_a_change_is_recorded_with_what_differs(jobs: Jobs) -> None:
    await jobs.servers.change(ANN, to(FULL), 10.0)
    less = replace(FULL, channels=("2", "8"), retention_days=0)
    await jobs.servers.change(AuditEntry("1", "bob", "settings"), to(less), 11.0)
    latest, _ = await jobs.audit.page("1", 10)
    assert (latest.actor, latest.at, latest.subject) == ("bob", 11.0, "channels retention_days")
    assert latest.detail == {
        "channels": {"added": ["8"], "removed": ["1"]},
        "retention_days": {"before": 30, "after": 0},
    }


@pytest.mark.parametrize("damaged", ["{", "", "[1]", "[" * 100_000])
async def test_a_damaged_entry_is_read_without_its_details(
    damaged: str, jobs: Jobs, engine: AsyncEngine
) -> None:
    await jobs.servers.change(ANN, to(FULL), 10.0)
    async with engine.begin() as connection:
        await connection.execute(update(audit).values(detail=damaged))
    [entry] = await jobs.audit.page("1", 10)
    assert (entry.actor, entry.detail) == ("ann", {})


def test_a_ban_replaces_an_older_one_and_there_is_a_limit() -> None:
    assert FULL.with_ban(Ban("5", "7", 2.0)).bans == (Ban("5", "7", 2.0),)
    full = ServerPolicy(bans=tuple(Ban(str(one), "6", 1.0) for one in range(MOST_BANS)))
    assert len(full.with_ban(Ban("0", "7", 2.0)).bans) == MOST_BANS
    with pytest.raises(BadRequest, match="request_too_many_bans"):
        full.with_ban(Ban("new", "7", 2.0))


async def test_what_changes_nothing_is_not_recorded(jobs: Jobs) -> None:
    await jobs.servers.change(ANN, to(ServerPolicy()), 10.0)
    assert await jobs.audit.page("1", 10) == []


async def test_two_changes_at_once_are_both_kept(jobs: Jobs) -> None:
    def ban(person: str) -> Change:
        return lambda old: replace(old, bans=(*old.bans, Ban(person, "ann", 1.0)))

    people = [str(number) for number in range(8)]
    changes = (jobs.servers.change(ANN, ban(one), 1.0) for one in people)
    await asyncio.gather(*changes)
    found = await jobs.servers.policy("1")
    assert sorted(one.person for one in found.bans) == people
    assert len(await jobs.audit.page("1", 10)) == 8


async def test_settings_that_cannot_be_read_are_not_taken_for_none(
    jobs: Jobs, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(servers).values(guild="1", policy='{"later": 1}'))
    with pytest.raises(Unavailable, match="unavailable_policy"):
        await jobs.servers.policy("1")


async def test_the_log_is_read_page_by_page_the_latest_first(jobs: Jobs) -> None:
    for number in range(5):
        entry = AuditEntry("1", "ann", "ban" if number % 2 else "delete", str(number), {"n": "林"})
        await jobs.audit.record(entry, float(number))
    await jobs.audit.record(AuditEntry("2", "bob", "ban"), 9.0)
    first = await jobs.audit.page("1", 3)
    assert [one.subject for one in first] == ["4", "3", "2"]
    assert first[0].detail == {"n": "林"}
    rest = await jobs.audit.page("1", 3, before=first[-1].id)
    assert [one.subject for one in rest] == ["1", "0"]


async def test_a_refusal_that_is_repeated_is_recorded_once_in_a_while(jobs: Jobs) -> None:
    def of(channel: str, person: str = "ann") -> AuditEntry:
        return AuditEntry("1", person, "refused_words", detail={"channel": channel})

    for at, entry in ((1.0, of("5")), (2.0, of("5")), (3.0, of("6")), (4.0, of("5", "bob"))):
        await jobs.audit.record_unless_known(entry, at, at - 10)
    await jobs.audit.record_unless_known(of("5"), 20.0, 10.0)
    assert [one.at for one in await jobs.audit.page("1", 9)] == [20.0, 4.0, 3.0, 1.0]


async def test_the_same_is_recorded_once_and_no_more_than_so_often(jobs: Jobs) -> None:
    def about(subject: str, guild: str = "1") -> AuditEntry:
        return AuditEntry(guild, "ann", "report", subject)

    await asyncio.gather(
        *(jobs.audit.record_rarely(about("a"), 5.0, 0.0, 3) for _ in range(3)),
        return_exceptions=True,
    )
    assert len(await jobs.audit.page("1", 9)) == 1
    with pytest.raises(NotAllowed, match="denied_report_twice"):
        await jobs.audit.record_rarely(about("a"), 6.0, 0.0, 3)
    await jobs.audit.record_rarely(about("a", "2"), 6.0, 0.0, 3)
    await jobs.audit.record_rarely(about("b"), 7.0, 0.0, 3)
    with pytest.raises(NotAllowed, match="denied_report_often"):
        await jobs.audit.record_rarely(about("c"), 8.0, 0.0, 3)
    await jobs.audit.record_rarely(about("c"), 8.0, 6.5, 3)
