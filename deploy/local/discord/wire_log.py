"""A record of what went over the wire, for a referee to judge afterwards."""

import json
from pathlib import Path
from typing import Protocol

from deploy.local.discord import Json


class Recorder(Protocol):
    """Hears of every HTTP exchange and every gateway event."""

    def exchange(self, entry: Json) -> None:
        """A request with its answer."""

    def event(self, kind: str, data: Json) -> None:
        """A dispatch to the bot."""


class Silence:
    """Records nothing."""

    def exchange(self, entry: Json) -> None:
        """Let it go."""

    def event(self, kind: str, data: Json) -> None:
        """Let it go."""


class Journal:
    """Writes everything as lines of JSON to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exchange(self, entry: Json) -> None:
        """Write a request with its answer."""
        self._write({"kind": "exchange", **entry})

    def event(self, kind: str, data: Json) -> None:
        """Write a dispatch to the bot."""
        self._write({"kind": "event", "event": kind, "data": data})

    def _write(self, line: Json) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
