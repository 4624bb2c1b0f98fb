"""Builders of Discord's API objects: user, member, role, channel, guild, overwrite."""

from deploy.local.discord import Json
from deploy.local.discord.rules.permissions import DEFAULT_PERMISSIONS, Permission

MIB = 1024 * 1024
UPLOAD_LIMITS = (10 * MIB, 10 * MIB, 50 * MIB, 100 * MIB)
JOINED = "2026-01-01T00:00:00.000000+00:00"
PERSON_LIMITS = (10 * MIB, 50 * MIB, 500 * MIB, 50 * MIB)
"""The largest upload by a user's premium_type: none, Nitro Classic, Nitro, Nitro Basic."""
TEXT, DIRECT, CATEGORY, THREAD = 0, 1, 4, 11


def user(key: str, name: str, display_name: str, *, bot: bool = False) -> Json:
    """Return a user object."""
    body: Json = {
        "id": key,
        "username": name,
        "global_name": display_name,
        "discriminator": "0",
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
    return {**body, "bot": True} if bot else body


def member(user: Json, roles: list[str]) -> Json:
    """Return a guild member object."""
    return {
        "user": user,
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": roles,
        "joined_at": JOINED,
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def role(key: str, name: str, permissions: int, position: int, *, managed: bool = False) -> Json:
    """Return a role object."""
    return {
        "id": key,
        "name": name,
        "permissions": str(permissions),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": managed,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def text_channel(key: str, guild: str, name: str, topic: str, position: int) -> Json:
    """Return a text channel of the guild."""
    return {
        "id": key,
        "type": TEXT,
        "guild_id": guild,
        "name": name,
        "topic": topic,
        "position": position,
        "parent_id": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "permission_overwrites": [],
        "last_message_id": None,
        "flags": 0,
    }


def category(key: str, guild: str, name: str) -> Json:
    """Return a category of the guild."""
    return {
        "id": key,
        "type": CATEGORY,
        "guild_id": guild,
        "name": name,
        "position": 0,
        "nsfw": False,
        "permission_overwrites": [],
        "flags": 0,
    }


def thread(key: str, parent: Json, name: str, owner: str, created: str) -> Json:
    """Return a public thread, or a forum's post, under a channel of the guild."""
    return {
        "id": key,
        "type": THREAD,
        "guild_id": parent["guild_id"],
        "name": name,
        "parent_id": parent["id"],
        "owner_id": owner,
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "archive_timestamp": created,
            "auto_archive_duration": 1440,
            "create_timestamp": created,
            "locked": False,
        },
    }


def direct_channel(key: str, recipient: Json) -> Json:
    """Return the private channel of the bot and one user."""
    return {
        "id": key,
        "type": DIRECT,
        "recipients": [recipient],
        "last_message_id": None,
        "flags": 0,
    }


def guild(key: str, name: str, owner: str, system_channel: str) -> Json:
    """Return a guild with its @everyone role and no features."""
    null = (
        "icon splash discovery_splash banner description application_id afk_channel_id "
        "vanity_url_code rules_channel_id public_updates_channel_id safety_alerts_channel_id "
        "widget_channel_id home_header max_presences incidents_data hub_type"
    )
    return {
        **dict.fromkeys(null.split()),
        "id": key,
        "name": name,
        "owner_id": owner,
        "region": "deprecated",
        "afk_timeout": 300,
        "system_channel_id": system_channel,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "nsfw": False,
        "nsfw_level": 0,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role(key, "@everyone", DEFAULT_PERMISSIONS, 0)],
    }


def overwrite(target: str, allow: int, deny: int, *, is_member: bool) -> Json:
    """Return a permission overwrite of a channel for one role or member."""
    return {"id": target, "type": int(is_member), "allow": str(allow), "deny": str(deny)}


MUTED = int(Permission.SEND_MESSAGES | Permission.ATTACH_FILES | Permission.EMBED_LINKS)
