"""The control API of servers: kicks, outages, AutoMod, roles, channels and threads."""

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.http.body import json_response, no_content, read_body
from deploy.local.discord.rules.permissions import THREADS
from deploy.local.discord.state.discord_state import DiscordState
from deploy.local.discord.state.guild import ADA, GUILD, is_installed, public_guild
from deploy.local.discord.state.snowflakes import timestamp


class GuildControlRoutes:
    """Adds and changes guilds, roles and channels; the bot gets events as from Discord."""

    def __init__(self, state: DiscordState) -> None:
        self._guild, self._events, self._clock = state.guild, state.events, state.clock

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this class."""
        return [
            web.post("/local/guilds", self.add_guild),
            web.patch("/local/guilds/{guild}", self.edit_guild),
            web.post("/local/guilds/{guild}/roles", self.add_role),
            web.post("/local/guilds/{guild}/categories", self.add_category),
            web.patch("/local/channels/{channel}", self.edit_channel),
            web.delete("/local/channels/{channel}", self.delete_channel),
            web.post("/local/channels/{channel}/threads", self.add_thread),
            web.patch("/local/threads/{thread}", self.edit_thread),
        ]

    async def add_guild(self, request: web.Request) -> web.Response:
        """Add a guild with one channel: {"name", "owner", "installed" (the bot is a member)}."""
        fields = (await read_body(request)).fields
        owner = str(fields.get("owner", ADA))
        installed = bool(fields.get("installed", True))
        guild = self._guild.add_guild(fields["name"], owner, installed=installed)
        if installed:
            self._events.dispatch("GUILD_CREATE", self._guild.guild_create(guild))
        self._events.publish_change("guild", guild["id"])
        return json_response({**guild, "channel": guild["system_channel_id"]}, 201)

    async def edit_guild(self, request: web.Request) -> web.Response:
        """Change a guild's fields (`main` is the example): `premium_tier`, or the private ones.

        `installed` false kicks the bot, `outage` true makes the guild unavailable.
        """
        fields = (await read_body(request)).fields
        guild = self._guild.record(request.match_info["guild"].replace("main", GUILD))
        before = {**guild}
        guild |= fields
        self._guild.save(guild)
        self._dispatch_change(guild, before)
        self._events.publish_change("guild", guild["id"])
        return json_response(guild)

    def _dispatch_change(self, guild: Json, before: Json) -> None:
        installed, outage = is_installed(guild), bool(guild.get("outage"))
        if (installed, outage) == (is_installed(before), bool(before.get("outage"))):
            if public_guild(guild) != public_guild(before):
                self._events.dispatch("GUILD_UPDATE", public_guild(guild))
        elif not installed:
            self._events.dispatch("GUILD_DELETE", {"id": guild["id"]})
        elif outage:
            self._events.dispatch("GUILD_DELETE", {"id": guild["id"], "unavailable": True})
        else:
            self._events.dispatch("GUILD_CREATE", self._guild.guild_create(guild))

    async def add_role(self, request: web.Request) -> web.Response:
        """Add a role to a guild: {"name", "permissions" (bits)}; members get it by theirs."""
        fields = (await read_body(request)).fields
        guild = self._guild.record(request.match_info["guild"].replace("main", GUILD))
        role = self._guild.add_role(guild, fields["name"], int(fields.get("permissions", 0)))
        data = {"guild_id": guild["id"], "role": role}
        self._events.dispatch("GUILD_ROLE_CREATE", data)
        self._events.publish_change("guild", guild["id"])
        return json_response(role, 201)

    async def add_category(self, request: web.Request) -> web.Response:
        """Add a category to a guild: {"name"}."""
        fields = (await read_body(request)).fields
        guild = self._guild.record(request.match_info["guild"].replace("main", GUILD))
        category = self._guild.add_category(guild, fields["name"])
        self._events.dispatch("CHANNEL_CREATE", category)
        self._events.publish_change("channel", category["id"])
        return json_response(category, 201)

    async def edit_channel(self, request: web.Request) -> web.Response:
        """Change a channel's `nsfw` (age-restricted) or `parent_id` (its category)."""
        fields = (await read_body(request)).fields
        channel = self._guild.channel(request.match_info["channel"])
        channel |= {name: fields[name] for name in ("nsfw", "parent_id") if name in fields}
        self._guild.channels.put(channel["id"], channel)
        self._events.dispatch("CHANNEL_UPDATE", channel)
        self._events.publish_change("channel", channel["id"])
        return json_response(channel)

    async def delete_channel(self, request: web.Request) -> web.Response:
        """Delete a channel with its threads, or one thread; its messages go without an event."""
        channel = self._guild.channel(request.match_info["channel"])
        names = ("id", "guild_id", "parent_id", "type")
        for one in list(self._guild.channels):
            if one.get("parent_id") == channel["id"] and one["type"] in THREADS:
                self._guild.channels.delete(one["id"])
        self._guild.channels.delete(channel["id"])
        if channel["type"] in THREADS:
            data = {name: channel[name] for name in names}
            self._events.dispatch("THREAD_DELETE", data)
        else:
            self._events.dispatch("CHANNEL_DELETE", channel)
        self._events.publish_change("channel", channel["id"])
        return no_content()

    async def add_thread(self, request: web.Request) -> web.Response:
        """Add a thread under a channel: {"name", "owner"}."""
        fields = (await read_body(request)).fields
        parent = self._guild.channel(request.match_info["channel"])
        owner = str(fields.get("owner", ADA))
        created = timestamp(self._clock.now())
        thread = self._guild.add_thread(parent, fields["name"], owner, created)
        self._events.dispatch("THREAD_CREATE", {**thread, "newly_created": True})
        self._events.publish_change("channel", thread["id"])
        return json_response(thread, 201)

    async def edit_thread(self, request: web.Request) -> web.Response:
        """Change a thread's `archived` or `locked`."""
        fields = (await read_body(request)).fields
        thread = self._guild.channel(request.match_info["thread"])
        changed = {name: fields[name] for name in ("archived", "locked") if name in fields}
        thread["thread_metadata"] |= changed
        thread["thread_metadata"]["archive_timestamp"] = timestamp(self._clock.now())
        self._guild.channels.put(thread["id"], thread)
        self._events.dispatch("THREAD_UPDATE", thread)
        self._events.publish_change("channel", thread["id"])
        return json_response(thread)
