"""Ahead: how many jobs may lie on the queue beyond those that the workers are at.

It is counted in turns at an engine, so that a newcomer waits for as few of them as there can be:
where some jobs share a turn, others that cannot do so count as a turn each.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import groupby

from storage.domain.company import kind, may_share
from storage.domain.job import Job, Status

TURNS = 1  # that lie on the queue beyond the one that each worker is at


def fitting(out: Sequence[Job], chosen: Sequence[Job], places: Sequence[int]) -> list[Job]:
    """Return those chosen jobs, from the first on, for which there is room behind those out.

    places tells for each worker how many jobs may share its turn.
    """
    widest = max(places, default=1)
    running = sum(job.status is Status.RUNNING for job in out)
    at_work = max(-(-running // widest), min(running, len(places)))
    left = len(places) + TURNS - at_work
    queued = sorted((job for job in out if job.status is not Status.RUNNING), key=_dispatched)
    line = [_kind(job, job.attempt) for job in queued]
    line += [_kind(job, job.attempt + 1) for job in chosen]
    for count in range(len(chosen), 0, -1):
        if _turns(line[: len(queued) + count], widest) <= left:
            return list(chosen[:count])
    return []


def _turns(line: Sequence[Hashable], widest: int) -> int:
    """Return how many turns a line takes where so many of one kind in a row may share each."""
    return sum(-(-len([*alike]) // widest) for _, alike in groupby(line))


def _kind(job: Job, attempt: int) -> Hashable:
    return kind(job.request) if may_share(job.request, attempt) else job.id


def _dispatched(job: Job) -> float:
    return job.dispatched
