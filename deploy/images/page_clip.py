"""Orders a clip at the page as a script does, by Gradio's client."""

from __future__ import annotations

from pathlib import Path

from gradio_client import Client, handle_file


class PageFailed(Exception):
    """The page made no clip; the message says what it told."""


def clip_of_page(url: str, headers: dict[str, str], picture: Path, prompt: str) -> bytes:
    """Return the file of a clip that is ordered with these headers; raise PageFailed."""
    client = Client(url, headers=headers, verbose=False)
    status, path = client.predict(handle_file(picture), prompt, {}, api_name="/animate")
    data = Path(path).read_bytes() if path else b""
    if status["status"] != "done" or data[4:8] != b"ftyp":
        raise PageFailed(f"the page's clip: {status['text']}")
    return data
