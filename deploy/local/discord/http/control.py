"""The control API under /local/: tests and demos change members, permissions, clock and faults."""

import re

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.gateway.connection import (
    AUTHENTICATION_FAILED,
    RECONNECT,
    SHARDING_REQUIRED,
    GatewayEndpoint,
)
from deploy.local.discord.http.body import json_response, no_content, read_body
from deploy.local.discord.http.middleware import InjectedFault
from deploy.local.discord.state import objects
from deploy.local.discord.state.discord_state import DiscordState
from deploy.local.discord.state.guild import BOT, PRIVATE_FIELDS
from deploy.local.discord.state.objects import DIRECT
from deploy.local.discord.state.snowflakes import timestamp


class ControlRoutes:
    """Changes what the bot and the members find."""

    def __init__(
        self,
        state: DiscordState,
        faults: list[InjectedFault],
        gateway: GatewayEndpoint,
    ) -> None:
        self._guild, self._events, self._clock = state.guild, state.events, state.clock
        self._world = state.world
        self._faults, self._gateway = faults, gateway

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this class."""
        overwrite = "/local/channels/{channel}/overwrites/{target}"
        return [
            web.post("/local/members", self.join),
            web.patch("/local/members/{member}", self.edit_member),
            web.patch("/local/world", self.edit_world),
            web.put(overwrite, self.put_overwrite),
            web.delete(overwrite, self.delete_overwrite),
            web.post("/local/clock", self.advance_clock),
            web.post("/local/faults", self.add_fault),
            web.delete("/local/faults", self.clear_faults),
            web.post("/local/gateway/drop", self.drop_gateway),
            web.post("/local/gateway/silence", self.silence_gateway),
        ]

    async def join(self, request: web.Request) -> web.Response:
        """Add a new member: {"name", "locale"}."""
        fields = (await read_body(request)).fields
        record = self._guild.join(fields["name"], fields.get("locale", "en-US"))
        self._events.publish_change("member", record["user"]["id"])
        return json_response(record, 201)

    async def edit_member(self, request: web.Request) -> web.Response:
        """Change a member (`bot`: the bot): `roles`, `timed_out` (seconds), private fields."""
        fields = (await read_body(request)).fields
        key = request.match_info["member"].replace("bot", BOT)
        record = self._guild.member_record(key)
        names = ("roles", *PRIVATE_FIELDS)
        changed: Json = {name: fields[name] for name in names if name in fields}
        if "timed_out" in fields:
            until = self._clock.now() + float(fields["timed_out"])
            changed["communication_disabled_until"] = timestamp(until)
        record = self._guild.members.put(key, {**record, **changed})
        if fields.keys() & {"roles", "timed_out"}:
            for guild in self._guild:
                data = {**self._guild.member(key), "guild_id": guild["id"]}
                self._events.dispatch("GUILD_MEMBER_UPDATE", data)
        if "left" in fields:
            self._dispatch_leave(record)
        self._events.publish_change("member", key)
        return json_response(record)

    def _dispatch_leave(self, record: Json) -> None:
        """Tell that a member has left all guilds, or has come back."""
        key = record["user"]["id"]
        for guild in self._guild:
            place = {"guild_id": guild["id"]}
            if record["left"]:
                data = {**place, "user": record["user"]}
                self._events.dispatch("GUILD_MEMBER_REMOVE", data)
            else:
                self._events.dispatch("GUILD_MEMBER_ADD", {**self._guild.member(key), **place})

    async def edit_world(self, request: web.Request) -> web.Response:
        """Change the fields of World; a new token or a need of shards closes the gateway."""
        fields = (await read_body(request)).fields
        self._world.change(fields)
        if "token" in fields:
            await self._gateway.drop_connections(AUTHENTICATION_FAILED)
        elif fields.get("sharding_required"):
            await self._gateway.drop_connections(SHARDING_REQUIRED)
        elif fields.get("gateway_closed"):
            await self._gateway.drop_connections(RECONNECT)
        return json_response(vars(self._world))

    async def put_overwrite(self, request: web.Request) -> web.Response:
        """Allow and deny bits to a role or a member (`bot` is the bot): {"allow", "deny"}."""
        fields = (await read_body(request)).fields
        channel, target = self._overwrite_target(request)
        is_member = target in self._guild.members
        allow, deny = int(fields.get("allow", 0)), int(fields.get("deny", 0))
        entry = objects.overwrite(target, allow, deny, is_member=is_member)
        return self._replace_overwrite(channel, target, [entry])

    async def delete_overwrite(self, request: web.Request) -> web.Response:
        """Remove an overwrite."""
        channel, target = self._overwrite_target(request)
        return self._replace_overwrite(channel, target, [])

    def _overwrite_target(self, request: web.Request) -> tuple[Json, str]:
        channel = self._guild.channel(request.match_info["channel"])
        return channel, request.match_info["target"].replace("bot", BOT)

    def _replace_overwrite(self, channel: Json, target: str, new: list[Json]) -> web.Response:
        if channel["type"] != DIRECT:
            others = [e for e in channel["permission_overwrites"] if e["id"] != target]
            channel["permission_overwrites"] = others + new
            self._guild.channels.put(channel["id"], channel)
            self._events.dispatch("CHANNEL_UPDATE", channel)
            self._events.publish_change("channel", channel["id"])
        return json_response(channel)

    async def advance_clock(self, request: web.Request) -> web.Response:
        """Move the clock forward: {"seconds"}."""
        self._clock.advance(float((await read_body(request)).fields["seconds"]))
        return json_response({"now": self._clock.now()})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Let API requests fail: the fields of InjectedFault, of which path is a pattern."""
        fields = (await read_body(request)).fields
        self._faults.append(InjectedFault(**fields | {"path": re.compile(fields["path"])}))
        return no_content()

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Remove every injected fault."""
        self._faults.clear()
        return no_content()

    async def drop_gateway(self, _: web.Request) -> web.Response:
        """Close the bot's gateway connections; the sessions can be resumed."""
        await self._gateway.drop_connections(RECONNECT)
        return no_content()

    async def silence_gateway(self, _: web.Request) -> web.Response:
        """Leave the bot's gateway connections open and say nothing on them any more."""
        self._gateway.silence_connections()
        return no_content()
