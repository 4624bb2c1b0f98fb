"""Judges a run by its evidence: what was lost, came twice, was charged wrongly, or ran twice."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from tests.faults.evidence import UNFINISHED, Evidence, JobRecord, Run, Sighting
from tests.faults.people import PlacedOrder

FROZEN_SECONDS = 2.0
"""A longer pause between two marks of a run is of a process that stood still."""


@dataclass
class Verdict:
    """What the audit found; each entry of the lists says about what, and why."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    mischarged: list[str] = field(default_factory=list)
    overlaps: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    remade: list[str] = field(default_factory=list)
    slowest_recovery: float = 0.0
    slowest_delivery: float = 0.0

    @property
    def passed(self) -> bool:
        """Tell whether nothing went wrong; a clip that was made again is no fault."""
        found = (self.lost, self.twice, self.mischarged, self.overlaps, self.unanswered)
        return not any((*found, self.gave_up))


def audit(evidence: Evidence) -> Verdict:
    """Judge a run that has settled."""
    verdict = Verdict(gave_up=evidence.gave_up)
    shown = _by_job(evidence.sightings)
    _judge_jobs(evidence, shown, verdict)
    _judge_orders(evidence, verdict)
    _judge_notices(evidence, verdict)
    verdict.overlaps += overlaps(evidence.runs)
    finished = Counter(run.job for run in evidence.runs if run.finished)
    parts = {job.id: job.parts for job in evidence.jobs}
    verdict.remade += [job for job, count in finished.items() if count > parts.get(job, 1)]
    verdict.slowest_recovery = max(recoveries(evidence).values(), default=0.0)
    verdict.slowest_delivery = max(deliveries(evidence), default=0.0)
    return verdict


def _by_job(sightings: Iterable[Sighting]) -> dict[str, list[Sighting]]:
    found: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sorted(sightings, key=lambda one: one.at):
        found[sighting.job].append(sighting)
    return found


def _judge_jobs(evidence: Evidence, shown: dict[str, list[Sighting]], verdict: Verdict) -> None:
    """Each job has ended, in one message, and is charged for exactly if its clip was shown."""
    known = {job.id for job in evidence.jobs}
    for job in evidence.jobs:
        sightings = shown.get(job.id, [])
        if job.status in UNFINISHED:
            verdict.lost.append(f"job {job.id} is {job.status}")
        elif not sightings and job.status == "cancelled" and job.delivered:
            pass  # by the person, who was answered
        elif not sightings:
            why = "it waits to be fetched in vain" if job.waits else "its outcome was never shown"
            verdict.lost.append(f"job {job.id} is {job.status}: {why}")
        public = {one.message for one in sightings if not one.private}
        if len(public) > 1:
            verdict.twice.append(f"job {job.id} is in the messages {sorted(public)}")
        fault = charge_fault(job, any(one.clip and not one.replaced for one in sightings))
        if fault:
            verdict.mischarged.append(f"job {job.id} ({job.status}): {fault}")
    for job_id in shown.keys() - known:
        verdict.mischarged.append(f"job {job_id} was shown and is not in the database")


def charge_fault(job: JobRecord, clip_shown: bool) -> str:
    """Return what is wrong with a job's ledger, empty where it is right."""
    entries = Counter(name for name, _ in job.entries)
    if job.cached:
        return f"a cached clip has entries {job.entries}" if job.credits else ""
    if any(count > 1 for count in entries.values()) or entries["reserve"] != 1:
        return f"its entries are {job.entries}"
    if job.status in UNFINISHED:
        return "" if job.credits > 0 else "it reserves nothing"
    if clip_shown:
        return "" if job.credits == job.cost > 0 else f"its clip came, and it cost {job.credits}"
    return f"no clip came, and it cost {job.credits}" if job.credits else ""


def _judge_orders(evidence: Evidence, verdict: Verdict) -> None:
    """Each order has its jobs, or was answered in words; none has more jobs than it should."""
    made: dict[tuple[str, str, str], list[JobRecord]] = defaultdict(list)
    for job in evidence.jobs:
        made[job.owner, job.prompt, job.parent].append(job)
    placed: dict[tuple[str, str, str], list[PlacedOrder]] = defaultdict(list)
    for order in evidence.placed:
        placed[order.person, order.prompt, order.parent].append(order)
    spare = Counter({person: len(found) for person, found in evidence.addressed.items()})
    for key in made.keys() | placed.keys():
        orders, jobs = placed[key], made[key]
        refused = [order for order in orders if _was_told(order, evidence)]
        wanted = sum(order.pictures for order in orders)
        untold = wanted - sum(order.pictures for order in refused)
        if len(jobs) > untold:
            verdict.twice.append(f"{len(jobs)} jobs for orders of {untold} clips: {key}")
        acknowledged = [order for order in orders if order.kind == "deferred"]
        missing = sum(o.pictures for o in acknowledged if o not in refused) - len(jobs)
        for order in acknowledged:  # one message of words answers one order, of all its pictures
            if missing > 0 and order not in refused and spare[order.person]:
                spare[order.person] -= 1
                missing -= order.pictures
        if missing > 0:
            numbers = [order.number for order in acknowledged]
            verdict.unanswered.append(f"orders {numbers}: {missing} clips, and no words: {key}")
    if evidence.begun_orders:
        verdict.unanswered.append(f"{evidence.begun_orders} begun orders are left over")
    verdict.unanswered += [f"order {number} was never answered" for number in evidence.given_up]


def _was_told(order: PlacedOrder, evidence: Evidence) -> bool:
    return order.interaction in evidence.told or order.message in evidence.told


def _judge_notices(evidence: Evidence, verdict: Verdict) -> None:
    reactions = Counter(
        (order.message, order.person) for order in evidence.placed if order.kind == "reaction"
    )
    for (kind, about), messages in evidence.notices.items():
        most = 1
        if kind == "words":
            target, _, content = about.partition(" ")
            most = max(1, sum(n for (m, p), n in reactions.items() if m == target and p in content))
        if len(messages) > most:
            verdict.twice.append(f"{kind} about {about}: {sorted(messages)}")


def overlaps(runs: Sequence[Run]) -> list[str]:
    """Return the pairs of runs of one job that worked at the same time.

    A process that stands still between two steps does not work then.
    """
    found = []
    by_job: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_job[run.job].append(run)
    for job, several in by_job.items():
        for one, other in combinations(several, 2):
            seconds = sum(
                max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
                for a in _working(one)
                for b in _working(other)
            )
            if seconds > 0.0:
                processes = f"{one.process} and {other.process}"
                found.append(f"job {job} in processes {processes} for {seconds:.2f} s")
    return found


def _working(run: Run) -> list[tuple[float, float]]:
    return [(a, b) for a, b in pairwise(run.marks) if b - a < FROZEN_SECONDS]


def first_clips(evidence: Evidence) -> dict[str, float]:
    """Return when each job's outcome was first shown."""
    return {job: found[0].at for job, found in _by_job(evidence.sightings).items()}


def recoveries(evidence: Evidence) -> dict[tuple[str, float], float]:
    """Return the seconds from each fault's end to the next clip, by kind and end.

    A fault after which nothing was waited for is left out.
    """
    clips = sorted(one.at for one in evidence.sightings if one.clip)
    found = {}
    for fault in evidence.faults:
        after = next((at for at in clips if at >= fault.end), math.inf)
        if math.isfinite(after):
            found[fault.kind, fault.end] = after - fault.end
    return found


def deliveries(evidence: Evidence) -> list[float]:
    """Return the seconds from each acknowledgement to the outcome of its job."""
    shown = first_clips(evidence)
    at = {(order.person, order.prompt, order.parent): order.at for order in evidence.placed}
    return [
        shown[job.id] - at[job.owner, job.prompt, job.parent]
        for job in evidence.jobs
        if job.id in shown and (job.owner, job.prompt, job.parent) in at
    ]
