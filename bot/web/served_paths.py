"""What of Gradio's own is served: what the page and Gradio's clients ask for."""

from __future__ import annotations

import os
from pathlib import Path

from bot.web.markup import PREFIX

API = "/gradio_api"
WHOLE = {
    *("", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt"),
    *(f"{API}/{name}" for name in ("info", "app_id", "startup-events", "theme.css", "user")),
    *(f"{API}/{name}" for name in ("queue/join", "queue/data", "cancel", "reset")),
    *(f"{API}/{name}" for name in ("upload", "upload_progress")),
}
BELOW = (
    *(f"/{PREFIX}/", "/assets/", "/static/", "/svelte/"),
    *(f"{API}/call/", f"{API}/run/", f"{API}/heartbeat/"),
)
FILE = f"{API}/file="


def file_of(path: str) -> Path | None:
    """Return the file that a path asks for, None where it asks for none."""
    return Path(os.path.normpath(path.removeprefix(FILE))) if path.startswith(FILE) else None


def is_served(path: str, files: Path) -> bool:
    """Tell whether a path is one of the page's; files is the folder whose files are served.

    Gradio has routes that nobody needs here: they fetch addresses, run ffmpeg, or count calls.
    """
    if (file := file_of(path)) is not None:
        return file.is_relative_to(files)
    return path.rstrip("/") in WHOLE or path.startswith(BELOW)
