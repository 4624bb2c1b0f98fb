"""Fills a folder with waiting and finished jobs, as the first release wrote them.

The bot migrates the database when it starts. The waiting jobs have their messages in the local
Discord, half of them in their owners' direct messages.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from deploy.local.discord.state.discord_state import DiscordState
from deploy.local.discord.state.guild import BOT, GUILD, STUDIO
from deploy.local.discord.state.messages import MessageDraft
from deploy.local.worker_probe import default_request, finished_clip
from storage.blobs import Blobs
from storage.codec import dumps
from storage.database.connect import open_database
from storage.database.rows import workload_key
from storage.domain.prompt.reading import with_reading
from storage.domain.quota import DAY, day_of, price
from storage.domain.request import GenerationRequest
from storage.settings import Settings

FIRST_VERSION = "0001"
DAYS = 90  # over which the finished jobs are spread
PERSON = "Person"
SEED = '"seed":0'
FAILURE = '{"key":"failed_memory","parameters":[],"retryable":false,"cancelled":false}'

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the local Discord, and the channel in which they order."""

    owner: str
    channel: str
    guild: str


@dataclass(frozen=True, slots=True)
class Volume:
    """How many jobs wait and have finished, and of how many people."""

    waiting: int
    finished: int
    people: int


def fill(settings: Settings, discord: Path, picture: bytes, volume: Volume) -> None:
    """Create the database, and the local Discord's folder."""
    state = DiscordState(discord)
    people = [_person(state, number) for number in range(volume.people)]
    key = asyncio.run(_prepare(settings, picture))
    jobs = _Rows(with_reading(default_request(settings, key)), people, time.time())
    path = settings.database_url.removeprefix("sqlite+aiosqlite:///")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        _insert(connection, (jobs.finished(n, volume.finished) for n in range(volume.finished)))
        waiting = range(volume.waiting)
        _insert(connection, (jobs.waiting(n, _message(state, jobs.owner(n))) for n in waiting))
    connection.close()
    state.close()


async def _prepare(settings: Settings, picture: bytes) -> str:
    """Create the first release's tables and store the picture; return its key."""
    engine = await open_database(settings.database_url, FIRST_VERSION)
    await engine.dispose()
    return await Blobs.open(settings.blob_url).put(picture)


def _person(state: DiscordState, number: int) -> Person:
    owner = state.guild.join(f"{PERSON}{number}", "en-US")["user"]["id"]
    if number % 2:
        return Person(owner, STUDIO, GUILD)
    return Person(owner, state.guild.direct_channel(owner)["id"], "")


def is_person(name: str) -> bool:
    """Tell whether a member is one of those who ordered all these jobs."""
    return name.startswith(PERSON)


def _message(state: DiscordState, person: Person) -> str:
    draft = MessageDraft({"content": "⏳ Your clip is in the queue."})
    record = state.messages.post(BOT, state.guild.channel(person.channel), draft)
    return str(record["message"]["id"])


class _Rows:
    """The rows of jobs whose requests differ in the seed."""

    def __init__(self, request: GenerationRequest, people: Sequence[Person], now: float) -> None:
        self._people = people
        self._now = now
        self._request = dumps(request)
        scores = (("motion", 0.9), ("shake", 0.001), ("first_frame", 31.0), ("flicker", 0.01))
        blobs, facts = {"blob": "BLOB", "poster": "POSTER"}, {"bytes": 300_000, "seconds": 9.0}
        clip = finished_clip(request, worker="history", scores=scores, **blobs, **facts)
        self._clip = dumps(clip)
        self._common: Row = {
            "front": "discord",
            "application": BOT,
            "locale": "en",
            "cost": price(request),
            "saved": 0,
            "size_limit": 10 * 2**20,
            "deaths": 0,
            "cached": False,
            "forgotten": False,
            "parent": "",
            "kind": workload_key(request),
        }

    def owner(self, number: int) -> Person:
        """Return whose job this is."""
        return self._people[number % len(self._people)]

    def waiting(self, number: int, message: str) -> Row:
        """Return a waiting job, ordered within the last hour."""
        created = self._now - 3600 + 3600 * number / 1_000_000
        times = dict.fromkeys(("dispatched", "started", "ended", "delivered", "seconds"), 0.0)
        row = self._row("a", number, created) | times
        return row | {"status": "queued", "attempt": 0, "message": message}

    def finished(self, number: int, count: int) -> Row:
        """Return a delivered job of the last DAYS; one in ten failed."""
        created = self._now - 3600 - DAYS * DAY * (1 - number / count)
        row = self._row("b", number, created)
        row |= {"dispatched": created + 1, "started": created + 2, "attempt": 1}
        row |= {"ended": created + 12, "delivered": created + 13, "message": str(10**18 + number)}
        if number % 10 == 0:
            return row | {"status": "failed", "failure": FAILURE, "seconds": 0.0}
        keys = {"BLOB": f"clip {number}", "POSTER": f"poster {number}"}
        clip = self._clip.replace(SEED, f'"seed":{number}')
        for gap, content in keys.items():
            clip = clip.replace(gap, sha256(content.encode()).hexdigest())
        return row | {"status": "done", "clip": clip, "seconds": 9.0}

    def _row(self, kind: str, number: int, created: float) -> Row:
        person = self.owner(number)
        return self._common | {
            "id": f"{kind}{sha256(str(number).encode()).hexdigest()[:15]}",
            "owner": person.owner,
            "guild": person.guild,
            "channel": person.channel,
            "token": f"token {kind}{number} " + "x" * 150,
            "token_expires": created + 900,
            "fingerprint": sha256(f"{kind}{number}".encode()).hexdigest(),
            "request": self._request.replace(SEED, f'"seed":{number}'),
            "created": created,
            "clip": None,
            "failure": None,
        }


def _insert(connection: sqlite3.Connection, rows: Iterator[Row]) -> None:
    """Insert jobs with their reservations and what became of these."""
    columns = "owner, job, entry, credits, day, at"
    ledger = f"INSERT INTO ledger ({columns}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
    for row in rows:
        names, gaps = ", ".join(row), ", ".join(f":{name}" for name in row)
        connection.execute(f"INSERT INTO jobs ({names}) VALUES ({gaps})", row)  # noqa: S608  # our own names
        connection.executemany(ledger, _entries(row))


def _entries(row: Row) -> Iterator[tuple[object, ...]]:
    owner, job, day = row["owner"], row["id"], day_of(row["created"])
    yield owner, job, "reserve", row["cost"], day, row["created"]
    if row["status"] == "done":
        yield owner, job, "settle", 0, day, row["ended"]
    elif row["status"] == "failed":
        yield owner, job, "refund", -row["cost"], day, row["ended"]
