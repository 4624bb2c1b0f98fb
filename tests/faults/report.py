"""Prints what a run did and found, and one JSON line."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

from tests.faults.audit import Verdict, recoveries
from tests.faults.evidence import Evidence

SHOWN = 10  # entries of each finding


def table(evidence: Evidence, verdict: Verdict) -> str:
    """Return how often each kind of fault happened and how long recovery took, and the findings."""
    counts = Counter(fault.kind for fault in evidence.faults)
    slowest: dict[str, float] = defaultdict(float)
    for (kind, _), seconds in recoveries(evidence).items():
        slowest[kind] = max(slowest[kind], seconds)
    lines = [f"{'fault':<20} {'times':>5} {'slowest next clip':>18}"]
    lines += [f"{kind:<20} {counts[kind]:>5} {slowest[kind]:>16.1f} s" for kind in sorted(counts)]
    statuses = Counter(job.status for job in evidence.jobs)
    kinds = Counter(order.kind for order in evidence.placed)
    lines += [
        "",
        f"orders: {dict(kinds)}",
        f"jobs: {dict(statuses)}",
        f"runs: {len(evidence.runs)}",
    ]
    for name in ("lost", "twice", "mischarged", "overlaps", "unanswered", "gave_up", "remade"):
        found = getattr(verdict, name)
        lines.append(f"{name}: {len(found)}")
        if name != "remade":
            lines += [f"    {entry}" for entry in found[:SHOWN]]
    return "\n".join(lines)


def summary(evidence: Evidence, verdict: Verdict) -> str:
    """Return the result as one line of JSON."""
    faults = Counter(fault.kind for fault in evidence.faults)
    figures = {
        "jobs": len(evidence.placed),
        "faults": dict(sorted(faults.items())),
        "lost": len(verdict.lost),
        "twice": len(verdict.twice),
        "mischarged": len(verdict.mischarged),
        "overlaps": len(verdict.overlaps),
        "remade": len(verdict.remade),
        "unanswered": len(verdict.unanswered),
        "slowest_recovery_s": round(verdict.slowest_recovery, 1),
        "slowest_delivery_s": round(verdict.slowest_delivery, 1),
    }
    return json.dumps(figures)
