"""What Discord sends beside the ids that a member chose in a menu of people, roles or channels."""

from deploy.local.discord import Json
from deploy.local.discord.member.inputs import RejectedInput
from deploy.local.discord.rules.components import CHANNEL_SELECT, ROLE_SELECT, USER_SELECT
from deploy.local.discord.rules.permissions import THREADS
from deploy.local.discord.state.guild import Guild

RESOLVED = frozenset({USER_SELECT, ROLE_SELECT, CHANNEL_SELECT})
"""The types of menus that this knows."""
PARTIAL_CHANNEL = ("id", "name", "type", "permissions")
OF_THREADS = ("parent_id", "thread_metadata")


def resolved_of(select: Json, values: list[str], member: str, channel: Json, guild: Guild) -> Json:
    """Return the objects of the chosen ids.

    Raise RejectedInput for what this member could not have chosen in this channel.
    """
    server = guild.of_channel(channel)
    if select["type"] == USER_SELECT:
        return {
            "users": {key: guild.user(key) for key in values},
            "members": {key: _member(key, channel, guild) for key in values},
        }
    if select["type"] == ROLE_SELECT:
        roles = {role["id"]: role for role in (server or {}).get("roles", ())}
        return {"roles": {key: _chosen(roles, key) for key in values}}
    types = select.get("channel_types") or []
    places = {
        place["id"]: {
            name: place[name]
            for name in (*PARTIAL_CHANNEL, *(OF_THREADS if place["type"] in THREADS else ()))
        }
        for place in guild.visible_places(member, server)
        if not types or place["type"] in types
    }
    return {"channels": {key: _chosen(places, key) for key in values}}


def _member(key: str, channel: Json, guild: Guild) -> Json:
    """Return a member as interactions carry it: without user, deaf and mute, with permissions."""
    member = guild.partial_member(key)
    kept = {name: value for name, value in member.items() if name not in ("deaf", "mute")}
    return {**kept, "permissions": str(guild.permissions(key, channel))}


def _chosen(offered: Json, key: str) -> Json:
    if key not in offered:
        raise RejectedInput(key, "it cannot be chosen here")
    found: Json = offered[key]
    return found
