"""A file with every HTTP exchange and gateway event, to be checked against Discord's API later."""

import json
import time
from pathlib import Path


class WireLog:
    """Appends one line of JSON per exchange or event; without a path it records nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def record(self, **entry: object) -> None:
        """Record a request and its answer (kind `exchange`), or a dispatch to the bot (`event`)."""
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"at": time.time(), **entry}, ensure_ascii=False) + "\n")
