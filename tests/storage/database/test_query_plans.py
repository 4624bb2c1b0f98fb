"""No statement goes through a table: each finds its rows by an index that holds them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database.jobs import Jobs
from storage.database.privacy.personal_data import SOURCES
from storage.database.tables import USAGE, metadata
from storage.domain.clip import Failure
from storage.domain.cost.bill import WorkerLife
from storage.domain.job import ReplyTarget
from storage.domain.library.pages import PageRequest
from storage.domain.privacy.departure import Departure, DepartureKind
from storage.domain.privacy.leftover import Leftover, LeftoverKind
from storage.domain.privacy.post import Post
from storage.domain.quota import day_of
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.limits import Limits
from storage.domain.trust.policy import Maintenance, ServerPolicy
from tests.support.examples import CLIP, JOB, REQUEST, job

SMALL_TABLES = ("bots", "erasures", "servers", "guilds_seen")
"""Which have a row a process, a person who is being forgotten, or a server."""
SCANS = tuple(f"SCAN {name}" for name in metadata.tables if name not in SMALL_TABLES)
SMALL = ("ix_jobs_in_flight", "ix_jobs_undelivered", "ix_jobs_holder", "ix_owner_queues_turn")
"""Indexes that may be gone through: they hold only what waits, runs or is to be delivered."""


@pytest.fixture
def statements(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is executed, with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        if text.startswith(("SELECT", "UPDATE", "DELETE")):
            found.append((text, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(engine.sync_engine, "before_cursor_execute", note)


def without_clips(policy: ServerPolicy) -> ServerPolicy:
    return replace(policy, maintenance=Maintenance(1.0))


async def use_every_method(jobs: Jobs) -> None:
    """Call every method but unfinished(), which reads all that waits, once at a start."""
    for number in range(4):
        await jobs.add(job(f"job{number}", created=JOB.created + number))
    await jobs.dispatched("job0", 1, 10.0)
    await jobs.started("job0", 1, 11.0)
    await jobs.requeue("job0", 1, died=True)
    await jobs.cancel("job1", "ann", 12.0)
    await jobs.finish("job0", CLIP, 13.0)
    await jobs.reopen("job0")
    await jobs.finish("job0", Failure("failed_memory"), 14.0)
    await jobs.delivered("job0", "9", 15.0)
    await jobs.move(job("job0"), ReplyTarget(front="discord", channel="5", message="6"))
    await jobs.bots.enter("bot")
    await jobs.bots.beat("bot")
    await jobs.bots.adopt("bot", "discord")
    await jobs.bots.listed()
    await jobs.bots.remove("bot", 1)
    await jobs.drop_dead_tokens(16.0)
    await jobs.get("job2")
    await jobs.search.clip(REQUEST)
    await jobs.search.clip(REQUEST, "ann")
    await jobs.search.needs_blob("d" * 64, "job0")
    await jobs.search.by_message("discord", "5", "6")
    await jobs.search.undelivered()
    await jobs.pending.in_flight()
    await jobs.pending.next(3)
    await jobs.pending.position("job3")
    await jobs.pending.sizes()
    await jobs.pending.models()
    limits = Limits(credits_per_day=10**6, credits_per_month=10**6, unfinished_jobs=9)
    await jobs.sums.allowance("ann", JOB.created, JOB.reply_to.guild, limits)
    await jobs.servers.change(AuditEntry("1", "ann", "settings"), without_clips, 1.0)
    await jobs.servers.policy("1")
    await jobs.audit.record_rarely(AuditEntry("1", "bob", "report", "j"), 2.0, 1.0, 5)
    await jobs.audit.page("1", 5, before=9)
    await jobs.audit.drop_before(1.0, 50)
    await jobs.audit.record_unless_known(AuditEntry("1", "a", "refused_words"), 2.0, 1.0)
    await jobs.sums.of_person("ann", JOB.created)
    await jobs.sums.of_everybody(JOB.created)
    await jobs.sums.median_seconds(REQUEST)
    await jobs.sums.orders_since(JOB.created, 100)
    await jobs.sums.seconds_per_credit(REQUEST.model, JOB.created)
    await jobs.usage.of_person("ann", 0, day_of(JOB.created))
    await jobs.usage.of_server("1", 0, day_of(JOB.created))
    await jobs.usage.of_service(0, day_of(JOB.created))
    await jobs.usage.servers(0, 10)
    await jobs.finish("job2", replace(CLIP, worker="w"), 17.0)
    life = WorkerLife("a1", "w", "", 1.0, 5.0, 20.0)
    await jobs.lives.record(life, 0.1)
    await jobs.lives.record(replace(life, ended=True), 0.2)
    await jobs.lives.mean_start()
    await jobs.lives.total(0.0)
    for page in (
        PageRequest("ann"),
        PageRequest("ann", "job2", newer=True, without=["job3"]),
        PageRequest("ann", "job2", search="zoom"),
    ):
        await jobs.library.page(page)
    await jobs.library.children("job2")
    await jobs.library.order_with("a" * 64, "ann")
    await jobs.privacy.posts.add(Post("job0", "discord", "5", "6"))
    await jobs.privacy.posts.shows("job0", "5")
    await jobs.forget("job0")
    await use_privacy(jobs)


async def use_privacy(jobs: Jobs) -> None:
    """Call every method that reads, or deletes, what is kept of a person."""
    tables = jobs.privacy
    await tables.exports.begin("ann", 18.0)
    await tables.exports.end("ann")
    for source in SOURCES:
        async for _ in tables.personal_data.pages("ann", source):
            pass
    async for _ in tables.personal_data.blobs("ann"):
        pass
    await tables.personal_data._named_by_others("ann", ["e" * 64, "f" * 64])
    await tables.personal_data.bans("ann")
    for left in await tables.leftovers.due(tuple(LeftoverKind), 18.0):
        await tables.leftovers.is_needed(left.name, left.place)
        await tables.leftovers.postpone(left, 19.0)
        await tables.leftovers.drop(left)
    await tables.leftovers.is_needed("e" * 64)
    await tables.leftovers.record([Leftover(LeftoverKind.BLOB, "e" * 64)])
    await tables.retention.ended(18.0, 50)
    await tables.retention.ended(18.0, 50, "1", ["job1"], waiting_since=9.0)
    await tables.retention.blobs_of(["job2"])
    await tables.retention.days_by_guild()
    await tables.retention.named(["e" * 64, "f" * 64])
    for kind in DepartureKind:
        gone = Departure(kind, "1", "2", 18.0)
        await tables.departures.note([gone])
        await tables.departures.postpone(gone, 17.0)
        await tables.departures.jobs_of(gone, "discord", ["job1"])
        await tables.departures.close(gone, "discord")
    await tables.departures.due(18.0)
    await tables.departures.drop(gone)
    await tables.departures.shown("discord", "5", ["6"])
    await tables.departures.see_guilds(["1"])
    await tables.departures.see_guild("1", here=False)
    await tables.departures.next_member("1", "ann")
    await tables.departures.keep_asked_guild("1")
    await tables.departures.asked_guild()
    await tables.erasures.ask("ann", 18.0)
    await tables.erasures.owners()
    await tables.erasures.asked("ann")
    await tables.erasures.unfinished("ann", 1e9)
    await tables.erasures.end_unread("job3", 18.0)
    await tables.erasures.erase_jobs("ann", 18.0, 1e9)
    await tables.erasures.erase_rest("ann", 18.0)


def is_scan(step: str) -> bool:
    """Tell whether a step of SQLite's plan goes through a whole table."""
    return step.startswith(SCANS) and not step.endswith(SMALL)


HISTORY = 5_000
"""Finished jobs beside which PostgreSQL, which plans by statistics, is asked for its plans."""
MOST_ROWS = 100
"""That a statement may look at, whatever the history."""


async def add_history(connection: AsyncConnection) -> None:
    """Repeat a delivered job of which a clip was made, its entries in the ledger, and its sums."""
    number = {"id": "'old' || g", "kind": "'kind' || g", "billed": "true"}
    number |= dict.fromkeys(("created", "ended", "delivered"), "g")
    number |= {name: "'x' || g" for name in ("fingerprint", "message", "picture", "clip_blob")}
    number |= {"clip_poster": "'x' || g", "worker": "'w' || g", "owner": "'owner' || g % 400"}
    names = [column.name for column in metadata.tables["jobs"].columns]
    values = ", ".join(number.get(name, name) for name in names)
    columns, some = ", ".join(names), f"generate_series(1, {HISTORY}) g"
    sums, zeros = ", ".join(USAGE), ", ".join("0" for _ in USAGE)
    for statement in (
        f"INSERT INTO jobs ({columns}) SELECT {values} FROM jobs, {some} WHERE id = 'job2'",
        "INSERT INTO ledger (owner, job, entry, credits, day, at)"
        f" SELECT 'owner' || g % 400, 'old' || g, 'reserve', 5, g / 50, g FROM {some}",
        f"INSERT INTO usage_days (scope, day, subject, model, {sums})"
        f" SELECT 'guild' || g % 99, g / 50, 'owner' || g, 'a', {zeros} FROM {some}",
        "INSERT INTO usage_counts (scope, day, kind, name, count)"
        f" SELECT 'guild' || g % 99, g / 50, 'waiting', g, 1 FROM {some}",
        "ANALYZE",
    ):
        await connection.exec_driver_sql(statement)


def rows_of(node: dict[str, Any]) -> float:
    """Return how many rows the steps of an executed plan looked at."""
    rows: float = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    rows *= float(node["Actual Loops"])
    return rows + sum(map(rows_of, node.get("Plans", ())))


async def rows_looked_at(connection: AsyncConnection, text: str, parameters: Any) -> float:
    """Return how many rows PostgreSQL looks at for a statement, which changes nothing."""
    step = await connection.begin_nested()
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {text}"
    plan = (await connection.exec_driver_sql(explain, parameters)).scalar_one()
    await step.rollback()
    return rows_of((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


Statements = dict[str, Any]


async def scans(connection: AsyncConnection, used: Statements) -> list[tuple[Any, str]]:
    """Return the steps by which SQLite goes through a table."""
    found = []
    for text, parameters in used.items():
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)
        found += [(row.detail, text) for row in plan if is_scan(row.detail)]
    return found


async def long_reads(connection: AsyncConnection, used: Statements) -> list[tuple[Any, str]]:
    """Return the statements for which PostgreSQL looks at many rows beside a history."""
    await add_history(connection)
    rows = {text: await rows_looked_at(connection, text, used[text]) for text in used}
    assert sum(rows.values()) > len(rows)
    return [(count, text) for text, count in rows.items() if count > MOST_ROWS]


async def test_every_statement_finds_its_rows_by_an_index(
    jobs: Jobs, engine: AsyncEngine, statements: list[tuple[str, Any]]
) -> None:
    await use_every_method(jobs)
    used = {text: parameters for text, parameters in statements if "pg_advisory" not in text}
    assert len(used) > 25
    check = scans if engine.dialect.name == "sqlite" else long_reads
    async with engine.connect() as connection:
        assert await check(connection, used) == []
