"""The Redis server: the same folder gives the same url and the same data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import redis

from deploy.local.stack.child_process import ChildProcess
from deploy.local.stack.redis_server import RedisStartError, start_redis
from deploy.local.stack.waiting import poll
from tests.support.process_tree import has_ended


def test_data_survives_a_restart_and_a_kill(tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    url = server.url
    with redis.Redis.from_url(url) as client:
        client.set("kept", "1")
    server.stop()
    server = start_redis(tmp_path)
    server.stop(kill=True)
    server = start_redis(tmp_path)
    assert server.url == url
    with redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"1"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    server.stop()


def test_a_second_start_in_a_folder_ends_the_first_server(tmp_path: Path) -> None:
    first = start_redis(tmp_path)
    second = start_redis(tmp_path)
    assert first.process.pid != second.process.pid
    first.stop()
    second.stop()


def test_the_path_of_the_folder_may_be_long(tmp_path: Path) -> None:
    server = start_redis(tmp_path / ("long" * 30))
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    server.stop()


@pytest.mark.parametrize("name", ["a b", "60% #?", "it's \"\n", "caf\udce9", "back\\slash"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    server = start_redis(tmp_path / name)
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    server.stop()
    assert (tmp_path / name / "appendonlydir").is_dir()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(RedisStartError, match="appendonlydir"):
        start_redis(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the end of a parent")
async def test_the_server_ends_with_a_starter_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from deploy.local.stack.redis_server import start_redis\n"
        "print('pid:', start_redis(Path(sys.argv[1])).process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    starter = await ChildProcess.start("starter", command, os.environ, tmp_path / "starter.log")
    pid = int((await starter.wait_for_line("pid:")).split()[1])
    await starter.process.wait()
    assert await poll(lambda: has_ended(pid), 10, "the server to end")
