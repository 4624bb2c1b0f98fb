"""Two bots on one PostgreSQL, of which one is killed at random: nothing is lost or comes twice."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

FINDINGS = ("lost", "twice", "mischarged", "overlaps", "unanswered")


async def run(folder: Path, jobs: int, kills: int, pace: float) -> None:
    """Let people order while bots are killed; fail where the audit finds something."""
    options = ["--bots", "2", "--database", "postgresql", "--home", str(folder), "--seed", "11"]
    options += ["--jobs", str(jobs), "--faults", str(kills), "--kinds", "bot_kill"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults", *options, "--pace", str(pace)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    found = json.loads(output.splitlines()[-1])
    assert found["jobs"] == jobs
    assert found["faults"] == {"bot_kill": kills}
    assert [found[name] for name in FINDINGS] == [0] * len(FINDINGS), output


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("postgres")  # skipped where none can be had
async def test_a_few_orders(tmp_path: Path) -> None:
    await run(tmp_path, jobs=16, kills=3, pace=0.3)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("postgres")
async def test_200_orders(tmp_path: Path) -> None:
    await run(tmp_path, jobs=200, kills=20, pace=0.4)
