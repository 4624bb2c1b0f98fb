"""`mutoscope` makes clips without any Discord, over the same queue and workers."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli.local_user import OWNER
from deploy.local.clip_facts import measure
from deploy.local.demo import SAMPLES
from deploy.local.stack.local_stack import Household
from deploy.local.stack.waiting import until
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.job import Status
from storage.settings import Settings
from tests.e2e.guests import PATIENCE

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

COFFEE, CHELSEA = SAMPLES / "coffee.jpg", SAMPLES / "chelsea.jpg"
PAIR = [str(COFFEE), str(CHELSEA)]
QUICK = ["--steps", "2", "--frames", "8"]


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it told."""

    status: int | None
    told: str


def without_redis(home: Path) -> dict[str, str]:
    """The environment of a machine on which nothing runs."""
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    return environ | {"MUTOSCOPE_HOME": str(home), "REDIS_URL": f"unix://{home}/nothing.sock"}


async def start(environ: Mapping[str, str], *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", *words),
        env={**environ, "LANG": "en_US.UTF-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def mutoscope(environ: Mapping[str, str], *words: str) -> Said:
    process = await start(environ, *words)
    told, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return Said(process.returncode, told.decode())


async def test_pictures_and_prompts_become_clips_beside_a_running_bot(
    household: Household, tmp_path: Path
) -> None:
    words = ["animate", *PAIR, "--prompts", "zoom in,pan left", "-o", str(tmp_path), *QUICK]
    said = await mutoscope(household.environ, *words, "--seed", "5")
    assert said.status == 0, said.told
    assert "2 of 2 clips made." in said.told
    for name, picture in (("coffee__1.mp4", COFFEE), ("chelsea__1.mp4", CHELSEA)):
        seen = measure(tmp_path / name, picture.read_bytes())
        assert (seen.codec, seen.frames) == ("h264", 8)
        assert seen.psnr > 18, seen
    again = await mutoscope(household.environ, *words, "--seed", "5")
    assert again.told.count("from the cache") == 2, again.told


async def test_on_an_idle_machine_it_starts_what_is_not_running(tmp_path: Path) -> None:
    environ = without_redis(tmp_path / "home")
    out = tmp_path / "out"
    said = await mutoscope(
        environ, "animate", PAIR[0], "--prompts", "zoom in", "-o", str(out), *QUICK
    )
    assert said.status == 0, said.told
    assert [path.name for path in out.iterdir()] == ["coffee__1.mp4"]
    report = await mutoscope(environ, "report")
    assert report.status == 0, report.told
    assert "finished: 1" in report.told


async def test_ctrl_c_cancels_what_is_not_made(household: Household, tmp_path: Path) -> None:
    words = ["animate", PAIR[0], "--prompts", "zoom in", "--steps", "50", "-o", str(tmp_path)]
    cancelled = (await counts(household))[Status.CANCELLED]
    process = await start(household.environ, *words)

    async def runs() -> bool:
        return (await counts(household))[Status.RUNNING] == 1

    await until(runs, PATIENCE, "the order to run")
    process.send_signal(signal.SIGINT)
    told, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 130, told.decode()
    assert "Stopped; 1 clips were cancelled." in told.decode()
    assert (await counts(household))[Status.CANCELLED] == cancelled + 1


async def counts(household: Household) -> Mapping[Status, int]:
    """How many orders of the command stand where, by the book."""
    settings = Settings.from_environment(household.environ)
    engine = await open_database(settings.database_url)
    try:
        report = await Jobs(engine, settings.catalogue()).report(OWNER, time.time())
    finally:
        await engine.dispose()
    return report.counts
