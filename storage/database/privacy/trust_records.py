"""Takes a person's name from the audit log and from the settings of servers.

A ban stays under the name that it is about: it would end as soon as its person asked for that.
"""

from __future__ import annotations

import json
from dataclasses import replace

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.codec import CodecError, dumps, loads
from storage.database.tables import audit, servers
from storage.domain.privacy.anonymous import ANONYMOUS
from storage.domain.trust.policy import ServerPolicy


async def erase_from_records(connection: AsyncConnection, person: str) -> None:
    """Let nothing name the person but their bans."""
    for column in (audit.c.actor, audit.c.subject):
        named = update(audit).where(column == person)
        await connection.execute(named.values({column.name: ANONYMOUS, "detail": "{}"}))
    name = _as_written(person)
    # The one pass through the whole log. SQLite's LIKE would find the name of web:Ada for web:ada.
    told = func.replace(audit.c.detail, name, "") != audit.c.detail
    await connection.execute(update(audit).where(audit.c.id > 0, told).values(detail="{}"))
    naming = servers.c.policy.contains(name, autoescape=True)
    for guild, text in (await connection.execute(select(servers).where(naming))).all():
        try:
            policy = loads(ServerPolicy, text)
        except CodecError:  # damaged, or of another release
            continue
        bans = tuple(replace(ban, by=ANONYMOUS) if ban.by == person else ban for ban in policy.bans)
        change = update(servers).where(servers.c.guild == guild)
        await connection.execute(change.values(policy=dumps(replace(policy, bans=bans))))


def _as_written(person: str) -> str:
    """Return how JSON may name a person: an id of a chat within a text, any other name alone.

    The name of somebody at the page may be part of another one's, or a word.
    """
    return person if person.isdigit() else json.dumps(person, ensure_ascii=False)
