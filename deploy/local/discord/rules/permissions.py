"""Permission bits, computed from roles and overwrites as Discord documents it."""

from enum import IntFlag

from deploy.local.discord import Json


class Permission(IntFlag):
    """The bits that the stand-in checks or shows."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    USE_EXTERNAL_EMOJIS = 1 << 18
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EXTERNAL_APPS = 1 << 50


ALL = int(~Permission(0))
IN_TIME_OUT = int(Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY)
WITHOUT_SENDING = int(Permission.ATTACH_FILES | Permission.EMBED_LINKS)
"""What is implied away where a member may not send messages."""
THREADS = frozenset({10, 11, 12})
"""The channel types of threads."""
DEFAULT_PERMISSIONS = int(
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.ADD_REACTIONS
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.USE_EXTERNAL_APPS
)


def send_permission(channel: Json) -> Permission:
    """Return the permission that sending messages needs in a channel of this type."""
    if channel["type"] in THREADS:
        return Permission.SEND_MESSAGES_IN_THREADS
    return Permission.SEND_MESSAGES


def compute(guild: Json, member: Json, channel: Json, *, timed_out: bool = False) -> int:
    """Return the permission bits of a guild member in a channel of that guild.

    A thread has the overwrites of its parent, which the caller puts into `channel`.
    """
    user = member["user"]["id"]
    if guild["owner_id"] == user:
        return ALL
    held = {guild["id"], *member["roles"]}
    bits = 0
    for role in guild["roles"]:
        if role["id"] in held:
            bits |= int(role["permissions"])
    if bits & Permission.ADMINISTRATOR:
        return ALL
    bits = _overwritten(bits, guild["id"], member, channel)
    if timed_out:
        bits &= IN_TIME_OUT
    if not bits & send_permission(channel):
        bits &= ~WITHOUT_SENDING
    return bits if bits & Permission.VIEW_CHANNEL else 0


def _overwritten(bits: int, everyone: str, member: Json, channel: Json) -> int:
    overwrites = {entry["id"]: entry for entry in channel["permission_overwrites"]}
    for targets in ([everyone], [*member["roles"]], [member["user"]["id"]]):
        found = [overwrites[target] for target in targets if target in overwrites]
        for entry in found:
            bits &= ~int(entry["deny"])
        for entry in found:
            bits |= int(entry["allow"])
    return bits
