"""The demo, as a newcomer starts it: it shows a clip, stays up, and leaves nothing behind."""

import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from deploy.local.clip_facts import measure
from deploy.local.demo import PICTURE, SAMPLES
from deploy.local.stack.child_process import Child, python
from deploy.local.stack.waiting import until
from tests.e2e.descent import children, ended
from tests.e2e.guests import PATIENCE

pytestmark = pytest.mark.timeout(600)


async def start(tmp_path: Path, *words: str, **settings: str) -> Child:
    command = python("deploy.local.demo", "--home", str(tmp_path), *words)
    return await Child.start("demo", command, os.environ | settings, tmp_path / "demo.log")


async def test_it_shows_a_clip_and_stays_up_until_ctrl_c(tmp_path: Path) -> None:
    demo = await start(tmp_path)
    clip = (await demo.line("clip: ", PATIENCE)).removeprefix("clip: ")
    page = (await demo.line("page: ")).removeprefix("page: ")
    seen = measure(Path(clip), (SAMPLES / PICTURE).read_bytes())
    assert seen.frames >= 8
    assert seen.psnr >= 20, seen
    async with aiohttp.ClientSession() as session, session.get(page) as answer:
        assert "Local studio" in await answer.text()
    below = children(demo.process.pid)
    demo.process.send_signal(signal.SIGINT)
    assert await demo.process.wait() == 0, demo.last_lines()
    await until(lambda: all(ended(pid) for pid in below), PATIENCE, "every part to end")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
async def test_killed_it_takes_every_part_along(tmp_path: Path) -> None:
    demo = await start(tmp_path)
    await demo.line("  answered", PATIENCE)
    below = children(demo.process.pid)
    assert len(below) >= 4
    await demo.kill()
    await until(lambda: all(ended(pid) for pid in below), PATIENCE, "every part to end")


async def test_a_worker_without_a_model_ends_it_with_the_reason(tmp_path: Path) -> None:
    demo = await start(tmp_path, "--once", ENGINE_FACTORY="tests.fakes.engine:missing")
    assert await demo.process.wait() == 1
    told = (tmp_path / "demo.log").read_text()
    assert re.search(r"The demo failed: worker ended with status 1", told), told
    assert "no weights here" in told
