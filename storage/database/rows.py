"""Conversion between Job and a row of the jobs table."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from sqlalchemy import LargeBinary, RowMapping, Text, cast, literal

from storage.codec import CodecError, build, dumps, loads
from storage.domain.clip import Clip, Failure
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.prompt.reading import with_reading
from storage.domain.request import GenerationRequest
from storage.logs import log_job

log = logging.getLogger(__name__)


def as_stored(value: Any) -> Any:
    """Return a value that was read from a row as it can be compared with that row again.

    SQLite keeps text that is not Unicode; it is read with surrogates in it, and sent as its bytes.
    """
    try:
        if isinstance(value, str):
            value.encode()
    except UnicodeEncodeError:
        return cast(literal(value.encode("utf-8", "surrogateescape"), LargeBinary), Text)
    return value


_SAME = (
    *(
        "id",
        "owner",
        "locale",
        "cost",
        "size_limit",
        "attempt",
        "deaths",
        "losses",
        "cached",
        "parent",
    ),
    *("created", "dispatched", "started", "ended", "delivered"),
    *("billed", "start_seconds", "idle_seconds", "money", "holder"),
)
"""The fields of a job that are columns as they are."""
_REPLY = tuple(field.name for field in fields(ReplyTarget))
_STATUSES = frozenset(Status)
_ID = re.compile(r"[!-~]{1,64}")


def workload_key(request: GenerationRequest) -> str:
    """Return the key that is equal for requests which take about the same time."""
    shape = f"{request.width}x{request.height}x{request.frames}"
    guided = ":guided" if request.guidance > 1.0 else ""
    work = f"{request.steps}:{request.preset.value}{guided}:{request.candidates}"
    if request.segments:
        work += f":{request.segment_count} segments"
    if request.finish is not None:
        frames = request.finish.smoothed(request.frames, request.fps)
        finish = f"{request.finish.upscale}x{frames}{':loop' if request.finish.loop else ''}"
        work = f"{work}:{finish}" if request.generates else finish
    work += ":drafts" if request.drafts else ""
    work += ":end" if request.end_picture and request.generates else ""
    if request.text_to_image is not None and request.generates:
        work += f":picture {request.text_to_image.steps}"
    return f"{request.model}:{shape}:{work}"


def row_of(job: Job, cache_key: str, saved: int = 0) -> dict[str, Any]:
    """Return the columns of a new job's row; saved is what the cache spared its owner."""
    return {
        **{name: getattr(job, name) for name in _SAME},
        **reply_columns(job.reply_to),
        "status": job.status.value,
        "fingerprint": cache_key,
        "request": dumps(job.request),
        "saved": saved,
        "returned": 0,
        "forgotten": False,
        "kind": workload_key(job.request),
        "model": job.request.model,
        "seconds": 0.0,
        "picture": job.request.picture or None,
        "source": job.request.source or None,
        "end_picture": job.request.end_picture or None,
        **clip_columns(job.clip),
        "failure": None if job.failure is None else dumps(job.failure),
    }


def reply_columns(reply_to: ReplyTarget) -> dict[str, Any]:
    """Return the columns of a reply target."""
    return {name: getattr(reply_to, name) for name in _REPLY}


def clip_columns(clip: Clip | None) -> dict[str, Any]:
    """Return the columns of a clip, and those by which its blobs are found."""
    if clip is None:
        return dict.fromkeys(("clip", "clip_blob", "clip_poster", "worker"))
    blobs = {"clip_blob": clip.blob, "clip_poster": clip.poster or None}
    return {"clip": dumps(clip), "worker": clip.worker or None, **blobs}


def outcome_columns(outcome: Clip | Failure, at: float) -> dict[str, Any]:
    """Return the columns that change when a job ends."""
    if isinstance(outcome, Clip):
        return {
            "status": Status.DONE.value,
            "ended": at,
            "seconds": outcome.seconds,
            **clip_columns(outcome),
        }
    status = Status.CANCELLED if outcome.cancelled else Status.FAILED
    return {"status": status.value, "ended": at, "failure": dumps(outcome)}


def job_of(row: RowMapping) -> Job:
    """Return the job in a row; raise CodecError where a column has no value that we write.

    Rows from before requests had a reading get theirs here.
    """
    if row["status"] not in _STATUSES:
        raise CodecError(f"status: unknown {row['status']!a:.60}")
    if not _ID.fullmatch(str(row["id"])):
        raise CodecError(f"id: not an id, {row['id']!a:.60}")
    columns = {name: row[name] for name in _SAME}
    return build(
        Job,
        columns
        | {
            "request": with_reading(loads(GenerationRequest, row["request"])),
            "reply_to": build(ReplyTarget, {name: row[name] for name in _REPLY}),
            "status": Status(row["status"]),
            "clip": None if row["clip"] is None else loads(Clip, row["clip"]),
            "failure": None if row["failure"] is None else loads(Failure, row["failure"]),
        },
    )


class RowReader:
    """Reads rows, and leaves out those that no Job can be made of.

    One row that another release wrote, or that was damaged, must not block everybody else's jobs.
    It stays in the database as it is; unreadable holds the ids of those that were seen.
    """

    def __init__(self) -> None:
        self.unreadable: set[str] = set()

    def jobs(self, rows: Iterable[RowMapping]) -> list[Job]:
        """Return the jobs of the readable rows; log each other row once."""
        found = []
        for row in rows:
            try:
                found.append(job_of(row))
            except CodecError as error:
                self._note(row["id"], error)
        return found

    def _note(self, identity: object, error: CodecError) -> None:
        name = ascii(identity)[1:-1] if isinstance(identity, str) else ascii(identity)
        if name not in self.unreadable:
            self.unreadable.add(name)
            with log_job(name):
                log.error("the job's row cannot be read and is set aside: %s", error)
