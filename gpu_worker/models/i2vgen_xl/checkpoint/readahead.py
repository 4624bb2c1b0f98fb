"""Reading of a checkpoint's weights into the page cache while Python still imports.

Nothing here imports a framework, or it would come too late.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

CHUNK_BYTES = 2**24


def start_readahead(folder: Path) -> threading.Thread:
    """Begin to read the weights below a folder, in a daemon thread."""
    thread = threading.Thread(target=_read, args=(folder,), name="readahead", daemon=True)
    thread.start()
    return thread


def likely_folder(source: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the weights of a source most likely are: of a hub id, its newest snapshot."""
    if source == "embedded":
        return Path(__file__).parents[2] / "embedded"
    folder = Path(source).expanduser()
    if folder.is_dir() or source.count("/") != 1:
        return folder
    home = environ.get("HF_HOME") or "~/.cache/huggingface"
    hub = Path(environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
    snapshots = hub / f"models--{source.replace('/', '--')}" / "snapshots"
    found = sorted(snapshots.glob("*"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else folder


def _read(folder: Path) -> None:
    for path in _weight_files(folder):
        with path.open("rb", buffering=0) as file:
            while file.read(CHUNK_BYTES):
                pass


def _weight_files(folder: Path) -> list[Path]:
    """Return one file of each component, in half precision where there are two."""
    chosen: dict[Path, Path] = {}
    for path in sorted(folder.glob("*/*.safetensors"), key=lambda one: "fp16" not in one.name):
        chosen.setdefault(path.parent, path)
    return list(chosen.values())
