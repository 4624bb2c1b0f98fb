"""Wordings as people may write them, collected apart from the parser's rules."""

from __future__ import annotations

import json
from pathlib import Path

from storage.domain.camera.motion import Motion

_DATA = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

# Held-out lists: each was first tried when the rules were already written.
LISTS: dict[str, dict[Motion, list[str]]] = {
    name: {Motion(motion): prompts for motion, prompts in _DATA[name].items()}
    for name in ("english", "chinese", "later")
}
# About the subject of the picture, not the camera.
OF_THE_SUBJECT: list[str] = _DATA["of_the_subject"]
SPEEDS: dict[str, list[str]] = {name: _DATA[name] for name in ("slow", "normal", "fast")}
