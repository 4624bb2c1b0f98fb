"""What is known from outside after a run: what Discord saw, the ledger, and the run log."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.i18n import Translations
from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from tests.faults.injection import FaultRecord
from tests.faults.people import PlacedOrder
from tests.faults.service import FaultyService
from tests.support.stores.outside_database import Row

EPHEMERAL = 1 << 6
LOADING = 1 << 7
REFUSED = "⚠️"
UNFINISHED = ("queued", "running")
MENTION = re.compile(r"^<@(\d+)> ")
PINGS = {
    texts[key]
    for texts in Translations.load().locales.values()
    for key in ("call_done", "call_over")
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message that showed the outcome of a job at a time (unix seconds).

    replaced: it shows another outcome at the end, as when a file is refused at a second try.
    """

    job: str
    message: str
    at: float
    clip: bool
    private: bool
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the database has it; credits is the sum of its ledger, parts are its segments."""

    id: str
    owner: str
    prompt: str
    parent: str
    status: str
    cost: int
    cached: bool
    delivered: bool
    waits: bool
    entries: tuple[tuple[str, int], ...]
    parts: int = 1

    @property
    def credits(self) -> int:
        """What the job cost its owner."""
        return sum(credits for _, credits in self.entries)


@dataclass(frozen=True, slots=True)
class Run:
    """One engine's work on a job: the times of its steps in monotonic seconds."""

    job: str
    process: int
    marks: tuple[float, ...]
    finished: bool


@dataclass
class Evidence:
    """Everything that the audit judges.

    told holds the interactions that were answered in words, and words the messages that show them.
    notices counts messages that only inform: pings and words about an interrupted order, by
    what they are about. addressed holds, by person, the messages that tell them of an interrupted
    order where its own message could not be changed. gave_up names the processes that ended as if
    no restart could help.
    """

    placed: list[PlacedOrder] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    jobs: list[JobRecord] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    notices: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    addressed: dict[str, set[str]] = field(default_factory=dict)
    begun_orders: int = 0
    faults: list[FaultRecord] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)


def read_runs(path: Path) -> list[Run]:
    """Read the run log; a run is the marks of a process from one begin to the next."""
    open_runs: dict[tuple[str, str], list[float]] = {}
    runs: list[Run] = []

    def close(key: tuple[str, str], finished: bool) -> None:
        marks = open_runs.pop(key, None)
        if marks:
            runs.append(Run(key[0], int(key[1]), tuple(marks), finished))

    for line in path.read_text().splitlines() if path.exists() else ():
        parts = line.split()
        if len(parts) != 4:
            continue  # the disk was full
        job, process, at, event = parts
        key = (job, process)
        if event == "begin":
            close(key, finished=False)
        open_runs.setdefault(key, []).append(float(at))
        if event == "end":
            close(key, finished=True)
    for key in list(open_runs):
        close(key, finished=False)
    return runs


class DiscordRecord:
    """Collects what messages showed."""

    def __init__(self, recipients: Mapping[str, str]) -> None:
        """Take the person of each direct channel."""
        self._seen: dict[tuple[str, str, bool], Sighting] = {}
        self.told: set[str] = set()
        self.notices: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.addressed: dict[str, set[str]] = defaultdict(set)
        self._recipients = dict(recipients)

    @property
    def sightings(self) -> list[Sighting]:
        """Each outcome in each message, when it was first seen."""
        return list(self._seen.values())

    def add(self, message: Json, at: float) -> None:
        """Take a message as it was at a time."""
        content = message.get("content") or ""
        private = bool((message.get("flags") or 0) & EPHEMERAL)
        again = buttons_of(message).get("again")
        if again:
            job, clip = again.partition(":")[2], clip_of(message) is not None
            key = (job, message["id"], clip)
            self._seen.setdefault(key, Sighting(job, message["id"], at, clip, private))
            other = self._seen.get((job, message["id"], not clip))
            if other is not None:
                self._seen[job, message["id"], not clip] = replace(other, replaced=True)
                self._seen[key] = replace(self._seen[key], replaced=False)
        if REFUSED in content and not (message.get("flags") or 0) & LOADING:
            metadata = message.get("interaction_metadata") or {}
            if metadata:
                self.told.add(str(metadata["id"]))
            self.told.add(str(message["id"]))
        reference = (message.get("message_reference") or {}).get("message_id")
        if again or private or message.get("interaction_metadata"):
            return
        if reference:
            if MENTION.sub("", content) in PINGS:
                self.notices["ping", str(reference)].add(message["id"])
            elif REFUSED in content:
                self.notices["words", f"{reference} {content}"].add(message["id"])
        elif REFUSED in content:
            mention = MENTION.match(content)
            person = mention[1] if mention else self._recipients.get(message["channel_id"], "")
            self.addressed[person].add(message["id"])

    def read_wire(self, path: Path) -> None:
        """Take every message that the API answered with."""
        with path.open(encoding="utf-8") as file:
            for line in file:
                if '"kind": "exchange"' not in line:
                    continue
                entry = json.loads(line)
                answer = entry["answer"]
                if entry["method"] in ("POST", "PATCH") and isinstance(answer, dict):
                    resource = answer.get("resource") or {}
                    for message in (answer, resource.get("message")):
                        if message and "content" in message:
                            self.add(message, entry["at"])


async def read_evidence(
    service: FaultyService,
    placed: Iterable[PlacedOrder],
    given_up: Iterable[int],
    faults: Iterable[FaultRecord],
) -> Evidence:
    """Read everything from the files and the database that the processes wrote."""
    with service.reading(service.discord_database) as discord:
        rows = discord.execute("SELECT body FROM documents WHERE kind = 'message'").fetchall()
        channels = discord.execute("SELECT body FROM documents WHERE kind = 'channel'").fetchall()
    record = DiscordRecord(_recipients(json.loads(row["body"]) for row in channels))
    record.read_wire(service.wire_log)
    for row in rows:
        entry = json.loads(row["body"])
        record.add(entry["message"], entry["posted"])
    jobs = [_job(row) for row in await service.database.rows(JOBS)]
    ledger = await service.database.rows("SELECT job, entry, credits FROM ledger")
    left_over = await service.database.rows("SELECT id FROM intents WHERE ended = 0.0")
    return Evidence(
        list(placed),
        list(given_up),
        record.sightings,
        _with_entries(jobs, ledger),
        read_runs(service.run_log),
        record.told,
        dict(record.notices),
        dict(record.addressed),
        len(left_over),
        list(faults),
        service.gave_up,
    )


def _recipients(channels: Iterable[Json]) -> dict[str, str]:
    return {
        channel["id"]: channel["recipients"][0]["id"]
        for channel in channels
        if channel.get("recipients")
    }


JOBS = """SELECT jobs.*, coalesce(deliveries.waiting, 0.0) AS waits
    FROM jobs LEFT JOIN deliveries ON deliveries.job = jobs.id"""
UNSETTLED = """SELECT
    (SELECT count(*) FROM jobs WHERE status IN ('queued', 'running'))
    + (SELECT count(*) FROM jobs
       WHERE status NOT IN ('queued', 'running') AND delivered = 0 AND NOT forgotten)
    + (SELECT count(*) FROM intents WHERE ended = 0.0) AS unsettled"""


def _job(row: Row) -> JobRecord:
    request = json.loads(str(row["request"]))
    return JobRecord(
        id=str(row["id"]),
        owner=str(row["owner"]),
        prompt=request["prompt"],
        parent=str(row["parent"]),
        status=str(row["status"]),
        cost=int(str(row["cost"])),
        cached=bool(row["cached"]),
        delivered=bool(row["delivered"]),
        waits=bool(row["waits"]),
        entries=(),
        parts=len(request.get("segments", ())) or 1,
    )


def _with_entries(jobs: Iterable[JobRecord], ledger: Iterable[Row]) -> list[JobRecord]:
    entries: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in ledger:
        entries[str(row["job"])].append((str(row["entry"]), int(str(row["credits"]))))
    return [replace(job, entries=tuple(entries[job.id])) for job in jobs]
