"""By what a forgotten person's credits of this month still count, without naming the person.

Otherwise whoever asked to be forgotten could spend a day's and a month's credits again. The mark is
a keyed hash; the key is another one each month, and the last one is overwritten, so that a mark
leads to nobody after the month in which it counts.
"""

from __future__ import annotations

import hmac
import secrets

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.tables import decisions
from storage.domain.quota import month_of

DECISION = "spender mark"
KEY_BYTES = 32
MARK_LENGTH = 32  # hexadecimal digits


async def mark_of(connection: AsyncConnection, owner: str, now: float) -> str | None:
    """Return a person's mark of this month; None where nobody was forgotten in it."""
    query = select(decisions.c.value).where(decisions.c.name == DECISION)
    month, _, key = str(await connection.scalar(query) or "").partition(" ")
    return _mark(key, owner) if month == str(month_of(now).start) else None


async def new_mark(connection: AsyncConnection, owner: str, now: float) -> str:
    """Return the same, for which there is a key from now on."""
    await lock(connection, f"decision {DECISION}")
    found = await mark_of(connection, owner, now)
    if found is not None:
        return found
    key = secrets.token_hex(KEY_BYTES)
    await connection.execute(delete(decisions).where(decisions.c.name == DECISION))
    value = f"{month_of(now).start} {key}"
    await connection.execute(insert(decisions).values(name=DECISION, value=value))
    return _mark(key, owner)


def _mark(key: str, owner: str) -> str:
    return hmac.digest(key.encode(), owner.encode(), "sha256").hex()[:MARK_LENGTH]
