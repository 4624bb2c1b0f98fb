"""Reading of a checkpoint's weights into the page cache while Python still imports.

Nothing here imports a framework, or it would come too late.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint.weight_files import COMPONENTS, weight_files

CHUNK_BYTES = 2**24


def start_readahead(folder: Path) -> threading.Thread:
    """Begin to read the weights below a folder, in a daemon thread."""
    thread = threading.Thread(target=_read, args=(folder,), name="readahead", daemon=True)
    thread.start()
    return thread


def _read(folder: Path) -> None:
    with suppress(NotUsable, OSError):  # the load tells what is missing
        for component in sorted(folder.glob("*/config.json"), key=_rank):
            for path in weight_files(component.parent):
                with path.open("rb", buffering=0) as file:
                    while file.read(CHUNK_BYTES):
                        pass


def _rank(config: Path) -> int:
    """Return the place of a component's config in the order in which they are loaded."""
    name = config.parent.name
    return COMPONENTS.index(name) if name in COMPONENTS else len(COMPONENTS)
