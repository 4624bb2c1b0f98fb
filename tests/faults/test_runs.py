"""Orders among faults over real processes: nothing is lost or comes twice."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

JOBS, FAULTS = 30, 14
CHEAP = (
    *("bot_kill", "bot_term", "child_kill", "redis_kill", "redis_emptied", "redis_cut"),
    *("store_read_only", "clock_bot", "discord_429", "discord_50083", "discord_reply_lost"),
    *("gateway_drop", "gateway_duplicate", "deploy_worker"),
)


async def passing(folder: Path, *options: str) -> dict[str, Any]:
    """Run with these options; return the figures, and fail where the audit finds something."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults", "--home", str(folder), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    figures: dict[str, Any] = json.loads(output.splitlines()[-1])
    found = [figures[name] for name in ("lost", "twice", "mischarged", "overlaps", "unanswered")]
    assert found == [0] * 5, output
    return figures


@pytest.mark.timeout(400)
async def test_nothing_is_lost_among_faults(tmp_path: Path) -> None:
    options = ["--jobs", str(JOBS), "--faults", str(FAULTS), "--pace", "0.3", "--seed", "7"]
    found = await passing(tmp_path, *options, "--kinds", ",".join(CHEAP))
    assert list(found) == [
        *("jobs", "faults", "lost", "twice", "mischarged", "overlaps", "remade", "unanswered"),
        *("slowest_recovery_s", "slowest_delivery_s"),
    ]
    assert found["jobs"] == JOBS
    assert sum(found["faults"].values()) == FAULTS
    assert set(found["faults"]) == set(CHEAP)


@pytest.mark.slow
@pytest.mark.usefixtures("postgres")  # skipped where none can be had
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("jobs", "kills"), [(16, 3), (200, 20)])
async def test_of_two_bots_on_one_postgresql_one_may_be_killed(
    jobs: int, kills: int, tmp_path: Path
) -> None:
    options = ["--bots", "2", "--database", "postgresql", "--kinds", "bot_kill", "--seed", "11"]
    options += ["--jobs", str(jobs), "--faults", str(kills), "--pace", "0.4"]
    found = await passing(tmp_path, *options)
    assert (found["jobs"], found["faults"]) == (jobs, {"bot_kill": kills})
