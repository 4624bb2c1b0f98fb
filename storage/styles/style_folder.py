"""The folder of styles that the operator fills: one file or folder for each.

NAME.safetensors is a style, and so is a folder NAME as peft or diffusers saves one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from storage.domain.errors import BadStyle
from storage.domain.models.style import NAME, style_name
from storage.styles.adapter_file import MOST_BYTES, read_layout, with_settings

SUFFIX = ".safetensors"
PEFT, PEFT_SETTINGS = "adapter_model.safetensors", "adapter_config.json"
SAVED = (PEFT, "pytorch_lora_weights.safetensors")


def find_styles(folder: Path) -> dict[str, Path]:
    """Return each style's file by the style's name, in the order of the names."""
    try:
        found = {style_name(path.name): file for path in folder.iterdir() for file in _file(path)}
    except OSError:
        return {}
    return {name: found[name] for name in sorted(found) if NAME.fullmatch(name)}


def read_style(file: Path) -> bytes:
    """Return what a style's file holds, with the settings that peft saves beside it.

    Raise BadStyle where it is no adapter.
    """
    try:
        with file.open("rb") as opened:
            read_layout(opened)
            opened.seek(0)
            data = opened.read(MOST_BYTES)
        beside = file.with_name(PEFT_SETTINGS)
        settings = json.loads(beside.read_bytes()) if file.name == PEFT else {}
    except (OSError, ValueError) as error:
        raise BadStyle("style_unreadable") from error
    return with_settings(data, settings) if settings else data


def _file(path: Path) -> Iterator[Path]:
    if path.name.startswith("."):
        return
    if path.is_dir():
        yield from (path / name for name in SAVED if (path / name).is_file())
    elif path.suffix == SUFFIX:
        yield path
