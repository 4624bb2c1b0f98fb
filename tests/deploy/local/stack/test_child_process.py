"""A child process is watched, stopped, and never outlives the process that started it."""

import os
import signal
import sys
from pathlib import Path

import pytest

from deploy.local.stack.child_process import ChildProcess, ProcessExited
from deploy.local.stack.waiting import poll
from tests.support.process_tree import has_ended

SLEEP = "import time; print('ready: yes', flush=True); time.sleep(60)"
IGNORES_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


async def start(code: str, folder: Path) -> ChildProcess:
    command = [sys.executable, "-c", code]
    return await ChildProcess.start("child", command, os.environ, folder / "child.log")


async def test_a_line_is_returned_when_it_is_printed(tmp_path: Path) -> None:
    child = await start(SLEEP, tmp_path)
    assert await child.wait_for_line("ready: ") == "ready: yes"
    await child.stop()
    assert child.process.returncode == -signal.SIGTERM


async def test_an_exit_is_reported_with_the_last_lines(tmp_path: Path) -> None:
    child = await start("raise SystemExit('no such model')", tmp_path)
    with pytest.raises(ProcessExited, match=r"child ended with status 1(.|\n)*no such model"):
        await child.wait_for_line("ready: ")


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    child = await start(IGNORES_SIGTERM, tmp_path)
    await child.wait_for_line("ready: ")
    await child.stop(grace=0.1)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the end of a parent")
async def test_a_child_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = await start(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from deploy.local.stack.child_process import ChildProcess\n"
        "async def main():\n"
        f"    command = [sys.executable, '-c', {SLEEP!r}]\n"
        f"    log = Path({str(tmp_path)!r}) / 'grandchild.log'\n"
        "    child = await ChildProcess.start('grandchild', command, os.environ, log)\n"
        "    await child.wait_for_line('ready: ')\n"
        "    print('pid:', child.process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n",
        tmp_path,
    )
    pid = int((await parent.wait_for_line("pid:")).split()[1])
    await parent.kill()
    assert await poll(lambda: has_ended(pid), 10, "the grandchild to end")
