"""The bot, which writes down how long each of its database statements took.

`python -m deploy.local.load.timed_bot FILE` appends one JSON array a statement to the file:
the time at its end (monotonic seconds), how many seconds it took, and its text.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bot.__main__ import main
from storage.database.connect import statement_log

SHORTEST = 0.002  # shorter statements are not written, so that writing costs little


@dataclass(frozen=True, slots=True)
class StatementTime:
    """When a statement ended, how long it took (seconds), and its text."""

    at: float
    seconds: float
    text: str


class StatementWriter(logging.Handler):
    """Writes down what storage.database.connect logs about statements."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        """Write the time of one statement."""
        if isinstance(record.args, tuple) and len(record.args) == 2:
            seconds, text = record.args
            if isinstance(seconds, float) and seconds >= SHORTEST:
                entry = [time.monotonic(), seconds, str(text)]
                self._file.write(json.dumps(entry) + "\n")


def read_statements(path: Path) -> list[StatementTime]:
    """Return what a bot wrote so far."""
    return [StatementTime(*json.loads(line)) for line in path.read_text().splitlines()]


def run(path: Path) -> int:
    """Run the bot until it is stopped; return its exit status."""
    with path.open("a", buffering=1) as file:
        statement_log.addHandler(StatementWriter(file))
        statement_log.setLevel(logging.DEBUG)
        statement_log.propagate = False
        return main()


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
