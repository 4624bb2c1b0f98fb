"""Fairness: a new owner starts within two clips, and nobody starves."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.domain.fair_queues import next_jobs


@dataclass(frozen=True)
class WaitingJob:
    id: str
    owner: str
    created: float


def queue(owner: str, count: int, created: float = 0.0) -> list[WaitingJob]:
    return [
        WaitingJob(f"{owner}{number}", owner, created + number / 1000) for number in range(count)
    ]


def owners(jobs: list[WaitingJob]) -> str:
    return "".join(job.owner for job in jobs)


def test_one_owners_jobs_keep_their_order() -> None:
    assert [job.id for job in next_jobs(queue("a", 5), [], 3)] == ["a0", "a1", "a2"]


def test_a_limit_of_zero_gives_no_job() -> None:
    assert next_jobs(queue("a", 5), [], 0) == []
    assert next_jobs([], [], 3) == []


def test_owners_alternate() -> None:
    waiting = queue("a", 3) + queue("b", 3, 10.0) + queue("c", 2, 20.0)
    assert owners(next_jobs(waiting, [], 8)) == "abcabcab"


def test_the_owner_with_fewer_running_jobs_is_first() -> None:
    waiting = queue("a", 3) + queue("b", 3, 10.0)
    assert owners(next_jobs(waiting, queue("a", 1), 2)) == "ba"


def test_the_owner_served_longest_ago_is_first() -> None:
    waiting = queue("a", 3) + queue("b", 3, 1.0) + queue("c", 3, 2.0)
    assert owners(next_jobs(waiting, [], 3, {"a": 100.0, "b": 90.0, "c": 95.0})) == "bca"


BACKLOG = 1000  # jobs that one owner queued before


def starts_before(newcomer: str, workers: int, clip: float, arrives: float) -> int:
    """Return how many rounds of clips start after the newcomer arrives and before their own.

    Simulates workers, and a queue of one job beyond the running ones, as the dispatcher does.
    """
    waiting = queue("first", BACKLOG)
    on_queue: list[WaitingJob] = []
    busy: list[tuple[float, str]] = []
    served: dict[str, float] = {}
    now, started_since = 0.0, 0
    arrived = False
    while True:
        if not arrived and now >= arrives:
            waiting, arrived = [*waiting, WaitingJob("new", newcomer, now)], True
        running = [WaitingJob(owner, owner, 0.0) for _, owner in busy]
        for job in next_jobs(
            waiting, running + on_queue, workers + 1 - len(busy) - len(on_queue), served
        ):
            waiting.remove(job)
            on_queue.append(job)
            served[job.owner] = now
        while on_queue and len(busy) < workers:
            job = on_queue.pop(0)
            if job.owner == newcomer:
                return -(-started_since // workers)
            started_since += arrived
            heapq.heappush(busy, (now + clip, job.owner))
        now = heapq.heappop(busy)[0] if arrived or busy[0][0] <= arrives else arrives


@settings(deadline=None, max_examples=30)
@given(
    workers=st.integers(1, 6),
    clip=st.floats(1.0, 60.0),
    arrives=st.floats(0.0, 40.0),
)
def test_a_new_owner_starts_within_two_clips(workers: int, clip: float, arrives: float) -> None:
    assert starts_before("new", workers, clip, arrives) <= 2


@settings(deadline=None, max_examples=30)
@given(people=st.integers(1, 12), workers=st.integers(1, 4), rounds=st.integers(1, 5))
def test_all_owners_get_the_same_share(people: int, workers: int, rounds: int) -> None:
    waiting = [job for owner in range(people) for job in queue(chr(97 + owner), 50, owner)]
    served: dict[str, float] = {}
    handed: dict[str, int] = {}
    moment = itertools.count(1000)
    for _ in range(rounds * people):
        for job in next_jobs(waiting, [], workers, served):
            waiting.remove(job)
            served[job.owner] = next(moment)
            handed[job.owner] = handed.get(job.owner, 0) + 1
    assert (
        max(handed.values()) - min(handed.get(chr(97 + owner), 0) for owner in range(people)) <= 2
    )


def test_an_endless_stream_of_new_owners_starves_nobody() -> None:
    waiting, served = queue("a", 10), {"a": 0.5}
    for now in range(1, 20):
        waiting += [
            WaitingJob(f"n{now}", f"n{now}", float(now)),
            WaitingJob(f"m{now}", f"m{now}", now),
        ]
        (job,) = next_jobs(waiting, [], 1, served)
        waiting.remove(job)
        served[job.owner] = float(now)
    assert "a" in {owner for owner in served if served[owner] >= 1.0}
