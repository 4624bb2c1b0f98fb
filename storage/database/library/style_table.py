"""Reads and writes the styles that people have uploaded."""

from __future__ import annotations

from sqlalchemy import delete, exists, insert, or_, select

from storage.database.connect import lock
from storage.database.tables import IN_FLIGHT, WAITING, jobs, styles
from storage.database.transactions import Transaction
from storage.domain.errors import BadStyle

MOST_STYLES = 20
"""How many styles a person may keep."""


class StyleTable:
    """The styles of each person, by name; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def of(self, owner: str) -> dict[str, str]:
        """Return the sha256 of the file of each of a person's styles, by name and in its order."""
        query = select(styles.c.name, styles.c.file).where(styles.c.owner == owner)
        async with self._read() as connection:
            rows = (await connection.execute(query.order_by(styles.c.name))).all()
        return {name: file for name, file in rows}

    async def put(self, owner: str, name: str, file: str, now: float) -> str:
        """Keep a style; return the file of the one that it replaces, empty where it is new.

        Raise BadStyle where the person has too many.
        """
        async with self._write() as connection:
            await lock(connection, owner)
            own = styles.c.owner == owner
            query = select(styles.c.name, styles.c.file).where(own)
            kept: dict[str, str] = {one: key for one, key in await connection.execute(query)}
            if name not in kept and len(kept) >= MOST_STYLES:
                raise BadStyle("style_too_many", limit=MOST_STYLES)
            await connection.execute(delete(styles).where(own, styles.c.name == name))
            row = {"owner": owner, "name": name, "file": file, "created": now}
            await connection.execute(insert(styles).values(**row))
        return kept.get(name, "")

    async def delete(self, owner: str, name: str) -> str:
        """Delete a style and return its file, empty where there is none of this name."""
        here = (styles.c.owner == owner, styles.c.name == name)
        async with self._write() as connection:
            file: str | None = await connection.scalar(select(styles.c.file).where(*here))
            await connection.execute(delete(styles).where(*here))
        return file or ""

    async def is_needed(self, file: str) -> bool:
        """Tell whether anybody has a style with this file, or an unfinished job is made with it."""
        kept = exists().where(styles.c.file == file)
        named = jobs.c.request.contains(file)
        ordered = (exists().where(named, one) for one in (WAITING, IN_FLIGHT))
        async with self._read() as connection:
            return bool(await connection.scalar(select(or_(kept, *ordered))))
