"""Where the stand-in keeps its state, so that it outlives the bot and the server itself."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from deploy.local.discord import Json


class Shelf:
    """A SQLite file of JSON documents, each written as soon as it changes."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents "
            "(kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))"
        )

    def load(self, kind: str) -> dict[str, Json]:
        """Every document of a kind, oldest first."""
        rows = self._connection.execute(
            "SELECT id, body FROM documents WHERE kind = ? ORDER BY rowid", (kind,)
        )
        return {key: json.loads(body) for key, body in rows}

    def put(self, kind: str, key: str, body: Json) -> None:
        """Write one document."""
        self._connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, key, json.dumps(body, ensure_ascii=False)),
        )

    def drop(self, kind: str, key: str) -> None:
        """Forget one document."""
        self._connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, key))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Drawer:
    """The documents of one kind, held in memory and written through."""

    def __init__(self, shelf: Shelf, kind: str) -> None:
        self._shelf = shelf
        self._kind = kind
        self._documents = shelf.load(kind)

    def __iter__(self) -> Iterator[Json]:
        return iter(list(self._documents.values()))

    def __contains__(self, key: object) -> bool:
        return key in self._documents

    def get(self, key: str) -> Json | None:
        """The document of that name, or None."""
        return self._documents.get(key)

    def __getitem__(self, key: str) -> Json:
        return self._documents[key]

    def put(self, key: str, document: Json) -> Json:
        """Write a new or changed document and hand it back."""
        self._documents[key] = document
        self._shelf.put(self._kind, key, document)
        return document

    def drop(self, key: str) -> None:
        """Forget a document."""
        self._documents.pop(key, None)
        self._shelf.drop(self._kind, key)
