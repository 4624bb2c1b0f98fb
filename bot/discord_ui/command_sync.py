"""Keeps the commands at Discord equal to the bot's, and each of them in one scope alone."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, TypeAlias

import discord

from bot.discord_ui.client import MutoscopeClient

log = logging.getLogger(__name__)

Payload: TypeAlias = list[dict[str, Any]]

FIRST_PAUSE = 5.0  # seconds until a failed sync is tried again; doubled each time
LONGEST_PAUSE = 600.0
GUILD_PAUSE = 0.2  # seconds between two servers, far below Discord's 50 requests a second

ADDED_BY_DISCORD = frozenset(
    {"id", "application_id", "guild_id", "version", "default_permission", "dm_permission"}
    | {"name_localized", "description_localized", "handler"}
)
DEFAULTS = frozenset({"contexts", "integration_types"})  # Discord's own where we name none


async def keep_commands_synced(client: MutoscopeClient, guild: int) -> None:
    """Sync the commands to this server alone, or globally where it is 0; try until it is done."""
    pause = FIRST_PAUSE
    while True:
        try:
            await sync_commands(client, guild)
            return
        except discord.HTTPException as error:
            if error.status < 500 and error.status != 429:
                log.error("Discord refuses the commands; those that it has stay: %s", error)
                return
            log.warning("the commands could not be synced, trying again: %s", error)
        except OSError as error:
            log.warning("the commands could not be synced, trying again: %r", error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def sync_commands(client: MutoscopeClient, guild: int) -> None:
    """Write the commands where they differ, and delete those of the other scope."""
    tree = client.tree
    commands = [
        await command.get_translated_payload(tree, tree.translator)
        if tree.translator
        else command.to_dict(tree)
        for command in tree.get_commands()
    ]
    if guild:
        await _replace(client, None, [])
        await _replace(client, guild, commands)
        return
    await _replace(client, None, commands)
    await client.wait_until_ready()
    for other in client.guilds:  # one of them may have been DISCORD_GUILD before
        await asyncio.sleep(GUILD_PAUSE)
        try:
            await _replace(client, other.id, [])
        except discord.Forbidden:
            log.debug("the bot may have no commands of its own in server %d", other.id)


async def _replace(client: MutoscopeClient, guild: int | None, wanted: Payload) -> None:
    """Let a scope hold exactly these commands; nothing is written where it does."""
    http, application = client.http, client.application_id
    assert application is not None  # it is logged in
    scope = f"/guilds/{guild}" if guild else ""
    route = discord.http.Route("GET", f"/applications/{application}{scope}/commands")
    found: Payload = await http.request(route, params={"with_localizations": "true"})
    if same_commands(wanted, found):
        return
    payload: Any = wanted
    if guild:
        await http.bulk_upsert_guild_commands(application, guild, payload=payload)
    else:
        await http.bulk_upsert_global_commands(application, payload=payload)
    where = f"server {guild}" if guild else "all servers"
    log.info("synced %d commands for %s", len(wanted), where)


def same_commands(ours: Payload, theirs: Payload) -> bool:
    """Tell whether Discord has exactly these commands, in any order."""
    return len(ours) == len(theirs) and all(
        _same(one, other)
        for one, other in zip(sorted(ours, key=_name), sorted(theirs, key=_name), strict=True)
    )


def _name(command: dict[str, Any]) -> tuple[int, str]:
    return command.get("type", 1), command["name"]


def _same(ours: Any, theirs: Any) -> bool:
    """Compare two values; what is left out equals what is empty or false."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        skipped = ADDED_BY_DISCORD | {key for key in DEFAULTS if not ours.get(key)}
        return all(
            _same(ours.get(key), theirs.get(key)) for key in (ours.keys() | theirs.keys()) - skipped
        )
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return all(_same(one, other) for one, other in zip(ours, theirs, strict=True))
    if _is_empty(ours) or _is_empty(theirs):
        return _is_empty(ours) and _is_empty(theirs)
    return bool(ours == theirs) or str(ours) == str(theirs)  # permissions come back as text


def _is_empty(value: object) -> bool:
    return value is None or value is False or value in ("", [], {})
