"""JSON documents in SQLite, so that the stand-in's state survives a restart."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import ApiError


class DocumentStore:
    """A SQLite file of JSON documents, each with a kind and an id."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=OFF")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS documents "
            "(kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))"
        )

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


class Collection:
    """The documents of one kind, oldest first: read from memory, each change written at once."""

    def __init__(self, store: DocumentStore, kind: str) -> None:
        self._connection, self._kind = store.connection, kind
        rows = self._connection.execute(
            "SELECT id, body FROM documents WHERE kind = ? ORDER BY rowid", (kind,)
        )
        self._documents: dict[str, Json] = {key: json.loads(body) for key, body in rows}

    def __iter__(self) -> Iterator[Json]:
        return iter(list(self._documents.values()))

    def __contains__(self, key: object) -> bool:
        return key in self._documents

    def get(self, key: str) -> Json | None:
        """Return the document with this id, or None."""
        return self._documents.get(key)

    def find(self, key: str, unknown: tuple[int, int, str]) -> Json:
        """Return the document with this id; raise ApiError(*unknown) where there is none."""
        if key not in self._documents:
            raise ApiError(*unknown)
        return self._documents[key]

    def __getitem__(self, key: str) -> Json:
        return self._documents[key]

    def put(self, key: str, document: Json) -> Json:
        """Insert or replace a document and return it."""
        self._documents[key] = document
        self._connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (self._kind, key, json.dumps(document, ensure_ascii=False)),
        )
        return document

    def delete(self, key: str) -> None:
        """Delete a document, if it exists."""
        self._documents.pop(key, None)
        self._connection.execute(
            "DELETE FROM documents WHERE kind = ? AND id = ?", (self._kind, key)
        )
