"""`mutoscope ban`, `unban` and `bans`: who may order nothing from the whole service."""

from __future__ import annotations

import time

from bot.cli.invocation import Invocation
from bot.cli.local_user import UNLIMITED
from bot.service import open_service
from bot.studio.trust.policies import SERVICE
from storage.domain.text import printable
from storage.domain.trust.policy import Ban

DONE, NOT_DONE = 0, 1
OPERATOR = ""
"""Who bans by the command line; nobody's name is known there."""


async def ban(invocation: Invocation) -> int:
    """Ban a person, in place of an older ban; return the exit status."""
    arguments = invocation.arguments
    new = Ban(arguments.person, OPERATOR, time.time(), arguments.reason)
    async with open_service(invocation.settings, UNLIMITED) as service:
        await service.studio.policies.change(
            SERVICE, OPERATOR, lambda policy: policy.with_ban(new), "ban", new.person
        )
    print(invocation.text("cli_banned", person=printable(new.person)))
    return DONE


async def unban(invocation: Invocation) -> int:
    """Lift the ban of a person; return the exit status."""
    person = invocation.arguments.person
    async with open_service(invocation.settings, UNLIMITED) as service:
        policies = service.studio.policies
        known = (await policies.of(SERVICE)).ban_of(person) is not None
        if known:
            await policies.change(
                SERVICE, OPERATOR, lambda policy: policy.without_ban(person), "lift_ban", person
            )
    key = "cli_unbanned" if known else "cli_not_banned"
    print(invocation.text(key, person=printable(person)))
    return DONE if known else NOT_DONE


async def bans(invocation: Invocation) -> int:
    """Print who is banned, since when, by whom and why, in columns; return the exit status."""
    async with open_service(invocation.settings, UNLIMITED) as service:
        policy = await service.studio.policies.of(SERVICE)
    for one in policy.bans:
        day = time.strftime("%Y-%m-%d", time.localtime(one.at))
        print("\t".join(map(printable, (one.person, day, one.by or "-", one.reason))).rstrip())
    return DONE
