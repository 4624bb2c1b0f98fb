"""Picture processes that go from test to test: each start of one takes a tenth of a second."""

from __future__ import annotations

import atexit
from typing import Any

from storage.pictures.processes import PictureProcesses

_IDLE: list[Any] = []


class SharedPictureProcesses(PictureProcesses):
    """Begins with the processes that tests before it left idle, and leaves its own."""

    def __init__(self) -> None:
        """Take what is there; all of them, where tests open several, use the same."""
        super().__init__()
        self._idle = _IDLE

    def close(self) -> None:
        """End what is busy."""
        self._idle = []
        super().close()


@atexit.register
def end_shared_processes() -> None:
    """End those that are idle now."""
    while _IDLE:
        _IDLE.pop().end()
