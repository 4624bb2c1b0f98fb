"""`mutoscope web` starts what it needs, serves a clip, and ends everything that it started."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file

from deploy.local.demo import PICTURE, PROMPT
from tests.e2e.members import PATIENCE
from tests.e2e.stacks import FAKE
from tests.support.process_tree import descendants, has_ended

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


async def start(home: Path, *arguments: str, **settings: str) -> asyncio.subprocess.Process:
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    environ |= {"MUTOSCOPE_HOME": str(home), "LANG": "en_US.UTF-8", **settings}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "web", "--port", "0", *arguments),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def animate(url: str, prompt: str = "zoom in", **options: int) -> tuple[Mapping[str, Any], str]:
    """Order a clip as a script does; return its state and its file."""
    client = Client(url, verbose=False)
    status, clip = client.predict(handle_file(PICTURE), prompt, options, api_name="/animate")
    return status, clip


async def page_of(process: asyncio.subprocess.Process) -> str:
    """Return the address that a started page prints."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
    assert line.startswith(b"page: http://127.0.0.1:"), await process.communicate()
    return line.decode().split()[1]


async def test_a_fresh_machine_makes_a_clip_and_keeps_nothing_running(tmp_path: Path) -> None:
    process = await start(tmp_path, **FAKE)
    status, clip = await asyncio.to_thread(animate, await page_of(process), frames=8)
    assert status["status"] == "done"
    assert (await asyncio.to_thread(Path(clip).read_bytes))[4:8] == b"ftyp"
    started = descendants(process.pid)
    assert started
    process.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, errors.decode()
    assert "Traceback" not in errors.decode()
    assert [pid for pid in started if not has_ended(pid)] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--host", "0.0.0.0"], "is reached from elsewhere"),
        (["--port", "seven"], "WEB_PORT=seven"),
    ],
)
async def test_it_refuses_in_one_line_before_anything_is_started(
    tmp_path: Path, arguments: list[str], reason: str
) -> None:
    process = await start(tmp_path / "home", *arguments)
    output, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert (process.returncode, output) == (2, b"")
    [line] = errors.decode().splitlines()
    assert reason in line
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
async def test_the_first_clip_comes_as_soon_as_the_demos(tmp_path: Path) -> None:
    began = time.monotonic()
    command = ["-m", "deploy.local.demo", "--once", "--home", str(tmp_path / "demo")]
    demo = await asyncio.create_subprocess_exec(sys.executable, *command)
    assert await asyncio.wait_for(demo.wait(), 600.0) == 0
    by_demo, began = time.monotonic() - began, time.monotonic()
    process = await start(tmp_path / "web")
    status, _ = await asyncio.to_thread(animate, await page_of(process), PROMPT)
    by_page = time.monotonic() - began
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), PATIENCE)
    print(f"\nfirst clip: {by_page:.1f} s by the page, {by_demo:.1f} s by the demo")
    assert status["status"] == "done"
    assert by_page < 1.25 * by_demo
