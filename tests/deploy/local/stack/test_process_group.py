"""The processes of a group are watched and stopped together."""

import os
from pathlib import Path

import pytest

from deploy.local.stack.child_process import ProcessExited
from deploy.local.stack.process_group import ProcessGroup


async def test_the_first_exit_is_reported_and_the_others_are_stopped(tmp_path: Path) -> None:
    (tmp_path / "sleeps.py").write_text("import time; time.sleep(60)")
    (tmp_path / "ends.py").write_text("print('bye')")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    async with ProcessGroup(environ, tmp_path / "logs") as group:
        sleeping = await group.start("sleeping", "sleeps")
        await group.start("short", "ends")
        with pytest.raises(ProcessExited, match=r"short ended(.|\n)*bye"):
            await group.wait_for_exit()
        assert sleeping.alive
    assert not sleeping.alive
