"""Children are watched, stopped in turn, and never outlive whoever started them."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from deploy.local.stack.child_process import Child, ChildDied, Crew
from deploy.local.stack.waiting import until
from tests.e2e.descent import ended

SLEEP = "import time; print('ready: yes', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


async def start(code: str, folder: Path, name: str = "part") -> Child:
    return await Child.start(name, [sys.executable, "-c", code], os.environ, folder / f"{name}.log")


async def test_a_line_is_returned_once_the_child_has_said_it(tmp_path: Path) -> None:
    child = await start(SLEEP, tmp_path)
    assert await child.line("ready: ") == "ready: yes"
    await child.stop()
    assert child.process.returncode == -signal.SIGTERM


async def test_a_child_that_died_is_named_with_its_last_lines(tmp_path: Path) -> None:
    child = await start("raise SystemExit('no such model')", tmp_path)
    with pytest.raises(ChildDied, match=r"part ended with status 1(.|\n)*no such model"):
        await child.line("ready: ")


async def test_a_child_that_ignores_the_polite_word_is_killed(tmp_path: Path) -> None:
    child = await start(STUBBORN, tmp_path)
    await child.line("ready: ")
    await child.stop(grace=0.1)
    assert child.process.returncode == -signal.SIGKILL


async def test_a_crew_tells_of_the_first_death_and_stops_the_rest(tmp_path: Path) -> None:
    crew = Crew()
    for name, code in (("long", SLEEP), ("short", "print('bye')")):
        await crew.start(name, [sys.executable, "-c", code], os.environ, tmp_path / f"{name}.log")
    long = crew.children[0]
    with pytest.raises(ChildDied, match=r"short ended(.|\n)*bye"):
        await crew.until_one_dies()
    await crew.stop()
    assert not long.alive


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
async def test_a_child_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = await start(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from deploy.local.stack.child_process import Child\n"
        "async def main():\n"
        f"    command = [sys.executable, '-c', {SLEEP!r}]\n"
        f"    log = Path({str(tmp_path)!r}) / 'grandchild.log'\n"
        "    child = await Child.start('grandchild', command, os.environ, log)\n"
        "    await child.line('ready: ')\n"
        "    print('pid:', child.process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n",
        tmp_path,
    )
    pid = int((await parent.line("pid:")).split()[1])
    await parent.kill()
    assert await until(lambda: ended(pid), 10, "the grandchild to end")


async def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(TimeoutError, match="for the moon"):
        await until(lambda: None, 0.01, "the moon")


async def test_waiting_takes_what_is_found_later() -> None:
    found: list[int] = []
    asyncio.get_running_loop().call_later(0.1, found.append, 7)
    assert await until(lambda: found, 5, "a number") == [7]
