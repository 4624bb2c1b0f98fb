"""The local Redis: the same folder is the same server with the same data."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from deploy.local.stack.redis_server import RedisDidNotStart, start_redis


def test_what_was_written_outlives_a_restart_and_a_kill(tmp_path: Path) -> None:
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
    assert first.pid != second.pid
    first.stop()
    second.stop()


def test_a_folder_with_a_long_name_works(tmp_path: Path) -> None:
    server = start_redis(tmp_path / ("long" * 30))
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    server.stop()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(RedisDidNotStart, match="appendonlydir"):
        start_redis(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_the_server_ends_with_a_starter_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from deploy.local.stack.redis_server import start_redis\n"
        "print(start_redis(Path(sys.argv[1])).pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environ = os.environ | {"PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", code, str(tmp_path)]
    ended = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=False, text=True)
    deadline = time.monotonic() + 10
    while _runs(int(ended.stdout)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(int(ended.stdout))


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except FileNotFoundError:
        return False
