"""Attachments: where their bytes lie and how Discord describes them."""

import io
import mimetypes
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from PIL import Image, UnidentifiedImageError

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import TOO_LARGE, ApiError
from deploy.local.discord.state.document_store import Drawer, Shelf
from deploy.local.discord.state.snowflakes import Snowflakes

PLACE = "attachments:/"
Shape = TypeVar("Shape")
UNSAFE = re.compile(r"[^\w.\-]+")


@dataclass(frozen=True)
class Upload:
    """A file as it came in, before it has an id."""

    name: str
    data: bytes
    content_type: str | None = None


class Files:
    """The content delivery of this stand-in, in one folder."""

    def __init__(self, folder: Path, shelf: Shelf, ids: Snowflakes) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._records = Drawer(shelf, "attachment")
        self._ids = ids
        self.base = ""

    def keep(self, upload: Upload, channel: str, limit: int, *, secret: bool = False) -> Json:
        """Store a file and describe it; over the limit it is refused with 413."""
        if len(upload.data) > limit:
            raise ApiError(*TOO_LARGE)
        key = self._ids.next()
        name = UNSAFE.sub("_", Path(upload.name).name).strip("_") or "file"
        (self._folder / key).write_bytes(upload.data)
        url = f"{PLACE}/attachments/{channel}/{key}/{name}"
        kind = mimetypes.guess_type(name)[0] or upload.content_type
        record: Json = {"id": key, "filename": name, "size": len(upload.data)}
        record |= {"url": url, "proxy_url": url}
        if kind:
            record["content_type"] = kind
        size = _dimensions(upload.data, kind or "")
        if size:
            record["width"], record["height"] = size
        if secret:
            record["ephemeral"] = True
        self._records.put(key, record)
        return record

    def describe(self, key: str) -> Json | None:
        """The attachment object of that id, or None."""
        return self._records.get(key)

    def shown(self, value: Shape) -> Shape:
        """The same JSON with every address of a file as it is reached now."""
        return cast(Shape, self._reachable(value))

    def _reachable(self, value: object) -> object:
        if isinstance(value, str):
            return self.base + value[len(PLACE) :] if value.startswith(PLACE) else value
        if isinstance(value, dict):
            return {key: self._reachable(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._reachable(item) for item in value]
        return value

    def path(self, key: str) -> Path | None:
        """Where the bytes of an attachment lie."""
        return self._folder / key if key in self._records else None


def _dimensions(data: bytes, kind: str) -> tuple[int, int] | None:
    if kind == "video/mp4":
        return _movie_size(data)
    if not kind.startswith("image/"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                return picture.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        return None


def _movie_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the first track header, which keeps them as 16.16 at its end."""
    start = data.find(b"tkhd")
    if start < 4:
        return None
    end = start - 4 + int.from_bytes(data[start - 4 : start])
    width, height = data[end - 8 : end - 6], data[end - 4 : end - 2]
    return (int.from_bytes(width), int.from_bytes(height)) if len(height) == 2 else None
