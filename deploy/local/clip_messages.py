"""A clip's message in the local Discord: what it shows, and printing its progress."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass, field
from typing import TextIO

from deploy.local.discord import Json

PROGRESS = re.compile(r"^`[^`]*` \d+%")
SUBTEXT = "-# "
MENTION = re.compile(r"<@!?\d+> ?")


@dataclass
class MessagePrinter:
    """Prints each new state of a message; in a terminal a progress bar is redrawn in place."""

    out: TextIO
    began: float = field(default_factory=time.monotonic)
    _last: str = ""
    _on_progress_line: bool = False

    def print(self, line: str = "") -> None:
        """Print a line; a progress bar above it stays as it is."""
        if self._on_progress_line:
            self.out.write("\n")
            self._on_progress_line = False
        print(line, file=self.out, flush=True)

    def update(self, message: Json) -> None:
        """Print the message's state if it has changed."""
        text = status_of(message)
        if text == self._last:
            return
        self._last = text
        line = f"  {time.monotonic() - self.began:6.1f} s  {text}"
        if not PROGRESS.match(text) or not self.out.isatty():
            self.print(line)
            return
        columns = shutil.get_terminal_size().columns - 1
        self.out.write(f"\r\x1b[K{line[:columns]}")
        self.out.flush()
        self._on_progress_line = True


SUFFIXES = (".mp4", ".gif", ".webp")
PREVIEW = "preview.webp"


def status_of(message: Json) -> str:
    """Return the line with the message's state: the second, below the title."""
    if message.get("content"):
        lines = MENTION.sub("", message["content"]).splitlines()
        return str(lines[min(1, len(lines) - 1)]).removeprefix(SUBTEXT)
    return "(the bot is thinking …)"


def buttons_of(message: Json) -> dict[str, str]:
    """Return the custom_id of each button by its action."""
    rows = message.get("components") or []
    ids = [part["custom_id"] for row in rows for part in row.get("components", ())]
    return {custom_id.partition(":")[0]: custom_id for custom_id in ids}


def clip_of(message: Json) -> Json | None:
    """Return the clip's attachment, or None."""
    for one in message.get("attachments", ()):
        name = one["filename"]
        if name.endswith(SUFFIXES) and not name.endswith(PREVIEW):
            found: Json = one
            return found
    return None


def is_final(message: Json) -> bool:
    """Tell whether the job of a message has ended: finished, failed, cancelled or deleted."""
    buttons = buttons_of(message)
    return "content" not in message or ("again" in buttons and "cancel" not in buttons)
