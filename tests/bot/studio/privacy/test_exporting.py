"""Exports hold everything in parts below the limit, one at a time, a few on a day."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from io import BufferedIOBase, BytesIO

import pytest

from bot.studio.options import Options
from bot.studio.privacy.exporting import ExportSummary
from storage.database.privacy.exports import ABANDONED_SECONDS, EXPORTS_PER_DAY
from storage.domain.errors import NotAllowed
from storage.domain.quota import DAY
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.policy import Ban, ServerPolicy
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import CLIP

LIMIT = 2**20


async def exported(backend: Backend, limit: int = LIMIT) -> tuple[ExportSummary, list[bytes]]:
    parts: list[bytes] = []

    async def send(part: BufferedIOBase, number: int) -> None:
        parts.append(part.read())
        assert number == len(parts)

    summary = await backend.studio.privacy.exporting.export("1", limit, send)
    return summary, parts


def entries(parts: list[bytes]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in parts:
        with zipfile.ZipFile(BytesIO(part)) as archive:
            assert archive.testzip() is None
            assert not found.keys() & set(archive.namelist())
            found |= {name: archive.read(name) for name in archive.namelist()}
    return found


async def test_everything_of_the_person_and_of_nobody_else_is_in_it(backend: Backend) -> None:
    async with backend.running():
        job = await backend.studio.orders.submit(requester(), png(), Options("waves", seed=1))
        await backend.studio.orders.submit(requester("2"), png((64, 64)), Options("secret", seed=1))
        await until(backend.all_jobs_ended)
    await backend.jobs.audit.record(AuditEntry("7", "2", "audit_note", "1", {"a": 1}), 1.0)
    summary, parts = await exported(backend)
    assert summary == ExportSummary(parts=1)
    found = entries(parts)
    [order] = json.loads(found["orders/00001.json"])
    done = await backend.jobs.get(job.id)
    assert done.clip is not None
    assert (order["id"], order["request"]["prompt"], order["cost"]) == (job.id, "waves", job.cost)
    assert "token" not in order
    assert [one["entry"] for one in json.loads(found["ledger/00001.json"])] == ["reserve"]
    [record] = json.loads(found["records/00001.json"])
    assert (record["detail"], "actor" in record) == ({"a": 1}, False)
    assert found[f"files/{job.request.picture}.png"] == png()
    clip = await backend.blobs.get(done.clip.blob)
    assert found[f"files/{done.clip.blob}.mp4"] == clip
    assert not [name for name, data in found.items() if b"secret" in data]


async def test_a_stream_is_one_zip_with_the_same_in_it_and_says_what_is_lost(
    backend: Backend,
) -> None:
    first = await backend.studio.orders.submit(requester(), png(), Options("waves", seed=1))
    await backend.studio.orders.submit(requester(), png((64, 64)), Options("wind", seed=1))
    _, parts = await exported(backend)
    stream = backend.studio.privacy.exporting.stream
    whole = [piece async for piece in stream("1")]
    assert len(whole) > len(entries(parts))  # each entry by itself
    assert entries([b"".join(whole)]) == entries(parts)
    await backend.blobs.delete(first.request.picture)
    found = entries([b"".join([piece async for piece in stream("1")])])
    assert json.loads(found["left_out.json"]) == {"files": 1}
    assert entries([b"".join([piece async for piece in stream("nobody")])]) == {}


async def test_what_others_gave_for_their_orders_is_not_in_it(backend: Backend) -> None:
    studio, end = backend.studio, png((32, 32), "#00ff00")
    theirs = await studio.orders.submit(requester("2"), png(), Options("waves", seed=1), end)
    again = await studio.follow_ups.retry(theirs.id, requester())
    await studio.follow_ups.retry(again.id, requester())
    mine = await studio.orders.submit(requester(), png((48, 48)), Options("waves", seed=1))
    settings = Options("waves", seed=2, end_picture=theirs.request.end_picture)
    reused = await studio.orders.submit(requester(), png((64, 64)), settings)
    own_end = await studio.orders.submit(requester(), png(), Options("a", seed=3), png((48, 48)))
    await studio.follow_ups.retry(own_end.id, requester("2"))
    for job in (again, reused):
        blob = await backend.blobs.put(job.id.encode())
        await backend.jobs.finish(job.id, replace(CLIP, blob=blob, poster=""), 1.0)
    _, parts = await exported(backend)
    files = {name.partition(".")[0] for name in entries(parts) if name.startswith("files/")}
    clips = [(await backend.jobs.get(job.id)).clip for job in (again, reused)]
    given = (mine.request.picture, reused.request.picture, *own_end.request.pictures)
    assert files == {f"files/{key}" for key in (*given, *(one.blob for one in clips if one))}
    await studio.delete(own_end.id, "1")
    await studio.delete(theirs.id, "2")
    files = {name.partition(".")[0] for name in entries((await exported(backend))[1])}
    assert f"files/{theirs.request.picture}" not in files


async def test_records_and_bans_name_nobody_else(backend: Backend) -> None:
    bans = (Ban("1", by="2222", at=1.0, reason="spam"), Ban("3333", by="1", at=2.0))

    async def ban(number: int, by: str) -> None:
        entry = AuditEntry("7", by, "ban", bans[number].person)
        policy = ServerPolicy(bans=bans[: number + 1])
        await backend.jobs.servers.change(entry, lambda _: policy, 1.0)

    await ban(0, "2222")
    await ban(1, "1")
    await backend.jobs.audit.record(AuditEntry("7", "1", "delete", "a", {"owner": "3333"}), 1.0)
    found = entries((await exported(backend))[1])
    records, [banned] = [json.loads(found[f"{one}/00001.json"]) for one in ("records", "bans")]
    assert banned == {"guild": "7", "at": 1.0, "reason": "spam"}
    assert [one["detail"].get("bans") for one in records[:2]] == [
        {"added": [{"person": "1", "at": 1.0, "reason": "spam"}], "removed": []},
        {"added": [{"by": "1", "at": 2.0}], "removed": []},
    ]
    assert not [data for data in found.values() if b"2222" in data or b"3333" in data]


async def test_parts_stay_below_the_limit_and_what_is_larger_is_counted(backend: Backend) -> None:
    sizes = (400_000, 500_000, 600_000, LIMIT)
    for number, size in enumerate(sizes):
        blob = await backend.blobs.put(bytes([number]) * size)
        job = await backend.studio.orders.submit(requester(), png(), Options("waves", seed=number))
        await backend.jobs.finish(job.id, replace(CLIP, blob=blob, poster=""), 1.0)
    summary, parts = await exported(backend)
    assert (summary.parts, summary.left_out, summary.cut) == (2, 1, False)
    assert max(map(len, parts)) <= LIMIT
    names = entries(parts)
    assert sum(name.startswith("files/") for name in names) == len(sizes)  # with the picture


async def test_one_at_a_time_and_a_few_on_a_day(backend: Backend) -> None:
    table, now = backend.jobs.privacy.exports, 10 * DAY + 0.0
    await table.begin("1", now)
    with pytest.raises(NotAllowed) as running:
        await table.begin("1", now + 1)
    await table.begin("2", now)
    for number in range(1, EXPORTS_PER_DAY):  # what did not end is abandoned
        await table.begin("1", now + number * ABANDONED_SECONDS)
    await table.end("1")
    with pytest.raises(NotAllowed) as spent:
        await table.begin("1", now + 9 * ABANDONED_SECONDS)
    assert (running.value.key, spent.value.key) == ("denied_export_running", "denied_export_limit")
    await table.begin("1", now + DAY)
