"""A few dozen orders among faults that end quickly, over real processes."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

JOBS, FAULTS = 30, 14
CHEAP = (
    *("bot_kill", "bot_term", "child_kill", "redis_kill", "redis_emptied", "redis_cut"),
    *("store_read_only", "clock_bot", "discord_429", "discord_50083", "discord_reply_lost"),
    *("gateway_drop", "gateway_duplicate", "deploy_worker"),
)


@pytest.mark.timeout(400)
async def test_nothing_is_lost_among_faults(tmp_path: Path) -> None:
    options = ["--jobs", str(JOBS), "--faults", str(FAULTS), "--pace", "0.3", "--seed", "7"]
    options += ["--kinds", ",".join(CHEAP), "--home", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    found = json.loads(output.splitlines()[-1])
    assert list(found) == [
        *("jobs", "faults", "lost", "twice", "mischarged", "overlaps", "remade", "unanswered"),
        *("slowest_recovery_s", "slowest_delivery_s"),
    ]
    assert found["jobs"] == JOBS
    assert sum(found["faults"].values()) == FAULTS
    assert set(found["faults"]) == set(CHEAP)
