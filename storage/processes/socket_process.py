"""A process that answers requests over a socket, and this end of it.

A request is two messages, JSON and bytes; so is an answer. The process says b"ready" once it can
be asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import Any

START_SECONDS = 20.0
MAX_ANSWER = 16 * 2**10
MAX_BYTES = 256 * 2**20
INHERITED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH")  # nothing secret


class ChildBroken(Exception):
    """The process could not be started, ended, or had to be ended before it answered."""


class SocketProcess:
    """A process of one of our modules, whose arguments begin with its end of the socket."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Start it and wait until it is ready; raise ChildBroken."""
        ours, theirs = socket.socketpair()
        self._channel = Connection(ours.detach())
        try:
            with theirs:
                number = str(theirs.fileno())
                self._process = subprocess.Popen(
                    (sys.executable, "-P", "-m", module, number, *arguments),
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env=_environment(),
                    start_new_session=True,  # a Ctrl-C in the terminal is the parent's to handle
                )
        except OSError as error:
            raise ChildBroken("no process can be started") from error
        if not self._is_ready():
            self.end()
            raise ChildBroken("its process did not start")

    def ask(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the answer to a request; raise ChildBroken."""
        try:
            self._channel.send_bytes(json.dumps(request).encode())
            self._channel.send_bytes(data)
            answer = json.loads(self._channel.recv_bytes(MAX_ANSWER))
            return answer, self._channel.recv_bytes(MAX_BYTES)
        except (EOFError, OSError, ValueError) as error:
            self.end()
            raise ChildBroken(f"its process {_said(self._process.returncode)}") from error

    def kill(self) -> None:
        """End the process without waiting for it; what is asked of it raises ChildBroken."""
        self._process.kill()

    def end(self) -> None:
        """End the process and wait until it is gone, which takes longer the more memory it has."""
        self._process.kill()
        self._process.wait()

    def _is_ready(self) -> bool:
        with contextlib.suppress(EOFError, OSError):
            return self._channel.poll(START_SECONDS) and self._channel.recv_bytes(16) == b"ready"
        return False


def _said(code: int) -> str:
    """Return how a process ended."""
    if code == -signal.SIGPROF:
        return "took more of the processor's time than it may"
    return f"died: {signal.strsignal(-code) if code < 0 else code}"


def _environment() -> dict[str, str]:
    """Return the child's environment: where to find modules and libraries, and nothing secret."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {"PYTHONPATH": os.pathsep.join(sys.path)}
