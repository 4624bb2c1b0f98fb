"""What a person would see in the chat, told in a terminal line by line."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass, field
from typing import TextIO

from deploy.local.discord import Json

PROGRESS = re.compile(r"^`[^`]*` \d+%")
SMALL = "-# "
MENTION = re.compile(r"<@!?\d+> ?")


@dataclass
class Narrator:
    """Prints each new state of a message; a progress bar is redrawn where it stands."""

    out: TextIO
    began: float = field(default_factory=time.monotonic)
    _last: str = ""
    _open: bool = False

    def say(self, line: str = "") -> None:
        """Print a line of our own."""
        self._close()
        print(line, file=self.out, flush=True)

    def show(self, message: Json) -> None:
        """Tell what the message shows now, unless that was told already."""
        text = words_of(message)
        if text == self._last:
            return
        self._last = text
        line = f"  {time.monotonic() - self.began:6.1f} s  {text}"
        redraw = bool(PROGRESS.match(text)) and self.out.isatty()
        if not redraw:
            self.say(line)
            return
        columns = shutil.get_terminal_size().columns - 1
        self.out.write(f"\r\x1b[K{line[:columns]}")
        self.out.flush()
        self._open = True

    def _close(self) -> None:
        """Leave a redrawn line as it stands."""
        if self._open:
            self.out.write("\n")
            self._open = False


def words_of(message: Json) -> str:
    """Return the line of a message that says how it stands: the second, after whose it is."""
    if message.get("content"):
        lines = MENTION.sub("", message["content"]).splitlines()
        return str(lines[min(1, len(lines) - 1)]).removeprefix(SMALL)
    return "(the bot is thinking …)"


def buttons_of(message: Json) -> dict[str, str]:
    """Return the buttons of a message: each action with its custom_id."""
    rows = message.get("components") or []
    names = [part["custom_id"] for row in rows for part in row.get("components", ())]
    return {name.partition(":")[0]: name for name in names}


def clip_of(message: Json) -> Json | None:
    """Return the clip's attachment, if the message has one."""
    found = [
        one for one in message.get("attachments", ()) if one["filename"].endswith((".mp4", ".gif"))
    ]
    return found[0] if found else None


def is_over(message: Json) -> bool:
    """Tell whether a clip's message has come to its end: good, bad, or deleted."""
    shown = buttons_of(message)
    return "content" not in message or ("again" in shown and "cancel" not in shown)
