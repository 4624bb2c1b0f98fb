"""Gives made-up inputs to a part of the service, and notes what none of its own errors explains."""

from __future__ import annotations

import random
import resource
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

SLOW = 2.0  # seconds
MOST_MEMORY = 512 * 2**20  # bytes that one campaign may add to this process
SHOWN = 5  # faults of one campaign that are printed

Attempt: TypeAlias = Callable[[random.Random], Awaitable[bool]]
"""Tries one input; returns whether it was taken. Any error that it raises is a fault."""

Target: TypeAlias = Callable[[], AbstractAsyncContextManager[Attempt]]
BETWEEN_PREPARATIONS = 100  # inputs


@runtime_checkable
class Prepared(Protocol):
    """An attempt that has to be prepared now and then."""

    async def prepare(self) -> None:
        """Make what inputs may name; no input's time."""


@dataclass
class Findings:
    """What came of a campaign; a fault is named by the seed that makes its input again."""

    name: str
    tried: int = 0
    taken: int = 0
    slowest: float = 0.0
    memory: int = 0
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return a row of the table."""
        megabytes = self.memory / 2**20
        return (
            f"{self.name:<12} {self.tried:>8} {self.taken:>8} {self.slowest:>9.2f}"
            f" {megabytes:>9.0f} {len(self.faults):>7}"
        )


HEADER = f"{'target':<12} {'inputs':>8} {'taken':>8} {'slowest s':>9} {'MiB more':>9} {'faults':>7}"


async def campaign(name: str, target: Target, count: int, seed: int) -> Findings:
    """Try so many inputs, each made from a seed of its own."""
    findings = Findings(name)
    async with target() as attempt:
        before = peak_memory()
        for number in range(count):
            own = f"{name}:{seed}:{number}"
            if isinstance(attempt, Prepared) and number % BETWEEN_PREPARATIONS == 0:
                await attempt.prepare()
            began = time.monotonic()
            try:
                findings.taken += await attempt(random.Random(own))
            except Exception:
                findings.faults.append(f"{own}\n{traceback.format_exc()}")
            took = time.monotonic() - began
            if took > SLOW:
                findings.faults.append(f"{own} took {took:.1f} s")
            findings.slowest = max(findings.slowest, took)
            findings.tried += 1
        findings.memory = peak_memory() - before
    if findings.memory > MOST_MEMORY:
        findings.faults.append(f"{findings.memory / 2**20:.0f} MiB more memory")
    return findings


def peak_memory() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
