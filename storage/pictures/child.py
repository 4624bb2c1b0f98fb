"""The process that decodes pictures for storage.pictures.processes, one after the other.

Each request is two messages: JSON (operation, work, seconds, wait, cover) and the file. Each answer
is two messages too: JSON (an error's key, parameters and trace, or the facts, or the size, or that
it is too much work for now; and the most memory that this process ever took, in bytes), and the
decoded pixels or nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from PIL import AvifImagePlugin

from storage.domain.errors import BadPicture
from storage.pictures.decoding import PictureFile
from storage.pictures.inspection import measure
from storage.processes.limits import limit_resources

MEMORY = 1536 * 2**20
"""Bytes of address space: a WebP of 50 megapixels takes 0.9 GiB to decode, more with alpha."""

MAX_TRACE = 4000  # characters
GRACE = 1.0  # seconds that the parent has to end this process before it ends itself


def main(channel: Connection) -> None:
    """Answer requests until the other end is closed."""
    limit_resources(MEMORY)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each would take address space
    channel.send_bytes(b"ready")
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            request = json.loads(channel.recv_bytes())
            data = channel.recv_bytes()
            # The signals' default action ends the process, whatever C code it is in.
            signal.setitimer(signal.ITIMER_PROF, request["seconds"])
            signal.setitimer(signal.ITIMER_REAL, request["wait"] + GRACE)
            answer, pixels = _answer(request, data)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            answer["memory"] = _peak_memory()
            channel.send_bytes(json.dumps(answer).encode())
            channel.send_bytes(pixels)


def _answer(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        upload = PictureFile.open(data)
        if request["operation"] == "size":
            return {"size": upload.size}, b""
        if upload.work > request["work"]:
            return {"postponed": True}, b""
        if request["operation"] == "inspect":
            facts, square = measure(upload)
            return {"facts": dataclasses.asdict(facts)}, square
        image = upload.decode(tuple(request["cover"]))
        return {"size": image.size}, image.tobytes()
    except BadPicture as error:
        return {"error": error.key, "parameters": dict(error.parameters)}, b""
    except Exception as error:  # the edge: one picture's error is its own
        trace = "" if isinstance(error, MemoryError) else traceback.format_exc()[-MAX_TRACE:]
        return {"error": "picture_too_complex", "parameters": {}, "trace": trace}, b""


def _peak_memory() -> int:
    """Return the most memory in bytes that this process had; 0 where the system does not say.

    getrusage counts the parent's too, from before this program was started.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
