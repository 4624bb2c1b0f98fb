"""JSON documents in SQLite, so that the stand-in's state survives a restart."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from deploy.local.discord import Json


class DocumentStore:
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
        """Return all documents of a kind by id, oldest first."""
        rows = self._connection.execute(
            "SELECT id, body FROM documents WHERE kind = ? ORDER BY rowid", (kind,)
        )
        return {key: json.loads(body) for key, body in rows}

    def put(self, kind: str, key: str, body: Json) -> None:
        """Insert or replace one document."""
        self._connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, key, json.dumps(body, ensure_ascii=False)),
        )

    def delete(self, kind: str, key: str) -> None:
        """Delete one document, if it exists."""
        self._connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, key))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Collection:
    """The documents of one kind, read from memory and written through to the store."""

    def __init__(self, store: DocumentStore, kind: str) -> None:
        self._store = store
        self._kind = kind
        self._documents = store.load(kind)

    def __iter__(self) -> Iterator[Json]:
        return iter(list(self._documents.values()))

    def __contains__(self, key: object) -> bool:
        return key in self._documents

    def get(self, key: str) -> Json | None:
        """Return the document with this id, or None."""
        return self._documents.get(key)

    def __getitem__(self, key: str) -> Json:
        return self._documents[key]

    def put(self, key: str, document: Json) -> Json:
        """Insert or replace a document and return it."""
        self._documents[key] = document
        self._store.put(self._kind, key, document)
        return document

    def delete(self, key: str) -> None:
        """Delete a document, if it exists."""
        self._documents.pop(key, None)
        self._store.delete(self._kind, key)
