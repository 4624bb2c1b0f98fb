"""A short campaign finds nothing; one against something broken names the input that breaks it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.fuzz import campaign as runner
from tests.fuzz.__main__ import TARGETS
from tests.fuzz.campaign import Attempt, campaign

INPUTS = 60


@pytest.mark.parametrize("name", TARGETS)
async def test_nothing_but_our_own_errors_comes_of_any_input(name: str) -> None:
    findings = await campaign(name, TARGETS[name], INPUTS, seed=1)
    assert findings.tried == INPUTS
    assert not findings.faults, "\n".join(findings.faults)


@asynccontextmanager
async def broken() -> AsyncIterator[Attempt]:
    """Fail for one input in four."""

    async def attempt(rng: random.Random) -> bool:
        if rng.randrange(4) == 0:
            raise ValueError("it broke")
        return True

    yield attempt


async def test_a_fault_is_found_again_by_its_seed() -> None:
    findings = await campaign("broken", broken, 40, seed=1)
    assert 0 < len(findings.faults) < 40
    assert findings.taken == 40 - len(findings.faults)
    seed, _, trace = findings.faults[0].partition("\n")
    assert "it broke" in trace
    with pytest.raises(ValueError, match="it broke"):
        async with broken() as attempt:
            await attempt(random.Random(seed))


async def test_an_input_that_takes_long_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SLOW", -1.0)
    findings = await campaign("wire", TARGETS["wire"], 3, seed=1)
    assert [fault.split()[0] for fault in findings.faults] == ["wire:1:0", "wire:1:1", "wire:1:2"]
