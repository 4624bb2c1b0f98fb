"""Attachments: their bytes in a folder, their metadata in the document store."""

import hashlib
import hmac
import mimetypes
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import unquote, urlsplit

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import TOO_LARGE, ApiError
from deploy.local.discord.state.document_store import Collection, DocumentStore
from deploy.local.discord.state.snowflakes import Snowflakes
from storage.domain.errors import BadPicture
from storage.pictures.decoding import PictureFile

SCHEME = "attachments:/"
"""Stored in place of the server's address, which is another one after each start."""

LIFETIME = 24 * 3600
"""Seconds for which a signed URL is valid."""
SIGNED_EVERY = 3600
"""Seconds within which an attachment's URL stays the same."""
KEY = b"local"
"""Signs URLs; the stand-in's files need no protection, but bots must not guess URLs."""

JsonValue = TypeVar("JsonValue")
UNSAFE = re.compile(r"[^\w.\-]+")


@dataclass(frozen=True)
class Upload:
    """A file as it was received, before it has an id."""

    name: str
    data: bytes
    content_type: str | None = None


class AttachmentStore:
    """The stand-in's content delivery network, in one folder."""

    def __init__(self, folder: Path, store: DocumentStore, ids: Snowflakes) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._records = Collection(store, "attachment")
        self._ids = ids
        self.base = ""

    def add(self, upload: Upload, channel: str, limit: int, *, ephemeral: bool = False) -> Json:
        """Store a file and return its attachment object; ApiError 413 over `limit` bytes."""
        if len(upload.data) > limit:
            raise ApiError(*TOO_LARGE)
        key = self._ids.next()
        name = UNSAFE.sub("_", Path(upload.name).name).strip("_") or "file"
        (self._folder / key).write_bytes(upload.data)
        url = f"{SCHEME}/attachments/{channel}/{key}/{name}"
        kind = mimetypes.guess_type(name)[0] or upload.content_type
        record: Json = {"id": key, "filename": name, "size": len(upload.data)}
        record |= {"url": url, "proxy_url": url}
        if kind:
            record["content_type"] = kind
        size = _dimensions(upload.data, kind or "")
        if size:
            record["width"], record["height"] = size
        if ephemeral:
            record["ephemeral"] = True
        return self._records.put(key, record)

    def get(self, key: str) -> Json | None:
        """Return the attachment object of this id, or None."""
        return self._records.get(key)

    def path(self, key: str) -> Path | None:
        """Return the file with the bytes of an attachment, or None."""
        return self._folder / key if key in self._records else None

    def with_urls(self, value: JsonValue) -> JsonValue:
        """Return the same JSON with the server's present address in every attachment's URL."""
        return cast(JsonValue, self._with_urls(value))

    def _with_urls(self, value: object) -> object:
        if isinstance(value, str):
            return self._signed(value[len(SCHEME) :]) if value.startswith(SCHEME) else value
        if isinstance(value, dict):
            return {key: self._with_urls(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._with_urls(item) for item in value]
        return value

    def _signed(self, path: str) -> str:
        issued = int(self._ids.clock.now() // SIGNED_EVERY) * SIGNED_EVERY
        expires = issued + LIFETIME + SIGNED_EVERY
        query = f"ex={expires:x}&is={issued:x}&hm={_signature(path, expires, issued)}"
        return f"{self.base}{path}?{query}"

    def is_valid(self, path: str, query: Mapping[str, str]) -> bool:
        """Tell whether a URL was signed here and has not expired."""
        try:
            expires, issued = int(query["ex"], 16), int(query["is"], 16)
        except (KeyError, ValueError):
            return False
        signed = hmac.compare_digest(query.get("hm", ""), _signature(path, expires, issued))
        return signed and self._ids.clock.now() < expires

    def find(self, url: str) -> Json | None:
        """Return the attachment object that a URL of this server names, or None."""
        parts = urlsplit(url).path.split("/")
        return self.get(parts[3]) if url.startswith(self.base) and len(parts) == 5 else None


def _signature(path: str, expires: int, issued: int) -> str:
    text = f"{unquote(path)} {expires} {issued}".encode()
    return hmac.new(KEY, text, hashlib.sha256).hexdigest()


def _dimensions(data: bytes, kind: str) -> tuple[int, int] | None:
    if kind == "video/mp4":
        return _mp4_dimensions(data)
    if not kind.startswith("image/"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return PictureFile.open(data).image.size
        except BadPicture:
            return None


def _mp4_dimensions(data: bytes) -> tuple[int, int] | None:
    """Return width and height from the first track header, which ends with them as 16.16."""
    start = data.find(b"tkhd")
    if start < 4:
        return None
    end = start - 4 + int.from_bytes(data[start - 4 : start])
    width, height = data[end - 8 : end - 6], data[end - 4 : end - 2]
    return (int.from_bytes(width), int.from_bytes(height)) if len(height) == 2 else None
