"""A file with every HTTP exchange and gateway event, to be checked against Discord's API later."""

import json
import time
from pathlib import Path

from deploy.local.discord import Json


class WireLog:
    """Appends one line of JSON per exchange or event; without a path it records nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def exchange(self, entry: Json) -> None:
        """Record a request with its answer."""
        self._write({"kind": "exchange", **entry})

    def event(self, kind: str, data: Json) -> None:
        """Record a dispatch to the bot."""
        self._write({"kind": "event", "event": kind, "data": data})

    def _write(self, entry: Json) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"at": time.time(), **entry}, ensure_ascii=False) + "\n")
