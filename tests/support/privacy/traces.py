"""Looks for what is left of a person: in the database's files, the blob store, Redis and a log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from sqlalchemy import select

from storage.database.connect import open_database
from storage.database.tables import metadata
from storage.logs import redacting_handler
from storage.settings import Settings


def in_files(folder: Path, words: list[bytes]) -> list[tuple[str, bytes]]:
    """Return which words are in which names or bytes of a folder's files."""
    return [
        (str(path), word)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for data in (path.name.encode() + b"\n" + path.read_bytes(),)
        for word in words
        if word in data
    ]


def in_redis(url: str, words: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Return which words are in which keys or values of Redis."""
    with redis.Redis.from_url(url) as client:
        found = []
        for key in client.scan_iter():
            value: object = client.get(key) if client.type(key) == b"string" else None
            if value is None:
                value = _whole(client, key)
            data = key + repr(value).encode()
            found += [(key, word) for word in words if word in data]
        return found


def _whole(client: redis.Redis, key: bytes) -> object:
    kind = client.type(key)
    if kind == b"zset":
        return client.zrange(key, 0, -1)
    name = key.decode()
    return client.hgetall(name) if kind == b"hash" else client.smembers(name)


async def in_tables(settings: Settings, words: list[bytes]) -> list[tuple[str, bytes]]:
    """Return which words are in which tables of the database."""
    engine = await open_database(settings.database_url)
    found = []
    async with engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = (await connection.execute(select(table))).all()
            data = repr([tuple(row) for row in rows]).encode()
            found += [(table.name, word) for word in words if word in data]
    await engine.dispose()
    return found


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Log everything inside the block to a text, as the service does with LOG_LEVEL=DEBUG."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = redacting_handler("text", stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in ("bot", "storage"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        for name in ("bot", "storage"):
            logging.getLogger(name).setLevel(logging.NOTSET)
