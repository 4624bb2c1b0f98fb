"""Where a checkpoint's files are: embedded, in a folder, or from the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint import hub
from gpu_worker.models.i2vgen_xl.checkpoint.hub import OnBytes
from gpu_worker.models.model_index import OWN, read_index
from storage.domain.catalogue import HUB_ID
from storage.domain.text import printable

EMBEDDED = Path(__file__).parents[2] / "embedded"


def locate(source: str, on_bytes: OnBytes = lambda _done, _total: None) -> Path:
    """Return the folder of `embedded`, of a path, or of a hub id.

    on_bytes hears how many bytes of a download are there, of how many. Raise NotUsable, or
    NotUsableYet where another try may succeed.
    """
    folder = EMBEDDED if source == "embedded" else Path(source).expanduser()
    if folder.is_dir():
        own = read_index(folder).pipeline == OWN
        if own and not (folder / "unet" / "config.json").is_file():
            raise NotUsable(
                f"{printable(folder)} holds no checkpoint: there is no unet/config.json"
            )
        return folder
    named = HUB_ID.fullmatch(source)
    if named is None:
        raise NotUsable(f"there is no folder {printable(folder)}")
    return hub.fetch(named["repository"], named["revision"], on_bytes)
