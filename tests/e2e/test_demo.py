"""The demo, as a newcomer starts it: it shows a clip, keeps running, and leaves nothing behind."""

import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from deploy.local.clip_facts import measure
from deploy.local.demo import PICTURE
from deploy.local.stack.child_process import ChildProcess, python
from deploy.local.stack.waiting import poll
from tests.e2e.members import PATIENCE
from tests.e2e.stacks import FAKE
from tests.support.process_tree import children, has_ended

pytestmark = pytest.mark.timeout(600)


async def start(tmp_path: Path, *options: str, **settings: str) -> ChildProcess:
    command = python("deploy.local.demo", "--home", str(tmp_path), *options)
    return await ChildProcess.start("demo", command, os.environ | settings, tmp_path / "demo.log")


async def test_it_shows_a_clip_and_runs_until_ctrl_c(tmp_path: Path) -> None:
    demo = await start(tmp_path)
    signed = await demo.wait_for_line("content credentials: ", PATIENCE)
    assert signed.endswith("valid, signed by Mutoscope")
    clip = (await demo.wait_for_line("clip: ", PATIENCE)).removeprefix("clip: ")
    page = (await demo.wait_for_line("page: ")).removeprefix("page: ")
    facts = measure(Path(clip), PICTURE.read_bytes())
    assert facts.frames >= 8
    assert facts.psnr >= 20, facts
    async with aiohttp.ClientSession() as session, session.get(page) as answer:
        assert "Local studio" in await answer.text()
    started = children(demo.process.pid)
    demo.process.send_signal(signal.SIGINT)
    assert await demo.process.wait() == 0, demo.last_lines()
    await poll(lambda: all(has_ended(pid) for pid in started), PATIENCE, "every process to end")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the end of a parent")
async def test_every_process_ends_with_a_demo_that_was_killed(tmp_path: Path) -> None:
    demo = await start(tmp_path, **FAKE)
    await demo.wait_for_line("  answered", PATIENCE)
    started = children(demo.process.pid)
    assert len(started) >= 4
    await demo.kill()
    await poll(lambda: all(has_ended(pid) for pid in started), PATIENCE, "every process to end")


async def test_a_worker_without_a_model_ends_it_with_the_reason(tmp_path: Path) -> None:
    demo = await start(tmp_path, "--once", ENGINE_FACTORY="tests.support.fake_engine:missing")
    assert await demo.process.wait() == 1
    output = (tmp_path / "demo.log").read_text()
    assert re.search(r"The demo failed: worker ended with status 1", output), output
    assert "no weights here" in output


@pytest.mark.slow  # tests/deploy/autoscale starts workers for bursts
async def test_on_demand_a_worker_comes_with_the_order_and_ends(tmp_path: Path) -> None:
    demo = await start(tmp_path, "--once", "--on-demand", **FAKE)
    assert await demo.process.wait() == 0, demo.last_lines()
    output = (tmp_path / "demo.log").read_text()
    steps = ("answered after", "worker-1 is started", "clip: ", "worker-1 has ended after")
    places = [output.index(step) for step in steps]
    assert places == sorted(places)
    assert re.search(r"billed: [0-9.]+ s of 1 worker\(s\); none runs now", output)
