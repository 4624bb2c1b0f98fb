"""The stage hands under /local/: people, permissions, the clock, faults; for tests and demos."""

import re
from typing import TYPE_CHECKING

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.http.body import nothing, read, reply
from deploy.local.discord.http.middleware import Fault
from deploy.local.discord.state import objects
from deploy.local.discord.state.guild import BOT
from deploy.local.discord.state.objects import DIRECT

if TYPE_CHECKING:
    from deploy.local.discord.server import LocalDiscord


class Stage:
    """Changes the world that the bot and the members live in."""

    def __init__(self, server: "LocalDiscord") -> None:
        self._server = server

    def routes(self) -> list[web.RouteDef]:
        """The routes of this file."""
        return [
            web.post("/local/members", self.join),
            web.patch("/local/members/{member}", self.change_member),
            web.patch("/local/guild", self.change_guild),
            web.put("/local/channels/{channel}/overwrites/{target}", self.overwrite),
            web.delete("/local/channels/{channel}/overwrites/{target}", self.lift),
            web.post("/local/clock", self.advance),
            web.post("/local/faults", self.fail),
            web.post("/local/gateway/drop", self.drop),
        ]

    def _changed(self, what: str, key: str) -> None:
        self._server.hub.tell_people("STATE", {"changed": what, "id": key})

    async def join(self, request: web.Request) -> web.Response:
        """Let a new member in: {"name", "locale"}."""
        fields = (await read(request)).fields
        record = self._server.world.join(fields["name"], fields.get("locale", "en-US"))
        self._changed("member", record["user"]["id"])
        return reply(record, 201)

    async def change_member(self, request: web.Request) -> web.Response:
        """Change a member's `locale`, or whether they take direct messages."""
        fields, key = (await read(request)).fields, request.match_info["member"]
        record = self._server.world.member(key)
        known: Json = {name: fields[name] for name in ("locale", "takes_direct") if name in fields}
        self._server.world.members.put(key, {**record, **known})
        self._changed("member", key)
        return reply(self._server.world.member(key))

    async def change_guild(self, request: web.Request) -> web.Response:
        """Change the guild's `premium_tier` (and so the upload limit) or other fields."""
        fields, world = (await read(request)).fields, self._server.world
        world.guild.update({key: fields[key] for key in fields if key in world.guild})
        world.save_guild()
        self._server.hub.tell_bot("GUILD_UPDATE", world.guild)
        self._changed("guild", world.guild["id"])
        return reply(world.guild)

    async def overwrite(self, request: web.Request) -> web.Response:
        """Allow and deny bits to a member (`bot` is the bot) or role: {"allow", "deny"}."""
        fields = (await read(request)).fields
        channel, target = self._named(request)
        is_member = target in self._server.world.members
        allow, deny = int(fields.get("allow", 0)), int(fields.get("deny", 0))
        entry = objects.overwrite(target, allow, deny, is_member=is_member)
        return self._permit(channel, target, [entry])

    async def lift(self, request: web.Request) -> web.Response:
        """Take an overwrite back."""
        channel, target = self._named(request)
        return self._permit(channel, target, [])

    def _named(self, request: web.Request) -> tuple[Json, str]:
        channel = self._server.world.channel(request.match_info["channel"])
        return channel, request.match_info["target"].replace("bot", BOT)

    def _permit(self, channel: Json, target: str, new: list[Json]) -> web.Response:
        if channel["type"] != DIRECT:
            others = [e for e in channel["permission_overwrites"] if e["id"] != target]
            channel["permission_overwrites"] = others + new
            self._server.world.channels.put(channel["id"], channel)
            self._server.hub.tell_bot("CHANNEL_UPDATE", channel)
            self._changed("channel", channel["id"])
        return reply(channel)

    async def advance(self, request: web.Request) -> web.Response:
        """Set the clock forward: {"seconds"}."""
        self._server.clock.advance(float((await read(request)).fields["seconds"]))
        return reply({"now": self._server.clock.now()})

    async def fail(self, request: web.Request) -> web.Response:
        """Have the API fail: {"method", "path" (a pattern), "status", "times", "delay"}."""
        fields = (await read(request)).fields
        fault = Fault(
            fields.get("method", "*"),
            re.compile(fields["path"]),
            int(fields["status"]),
            int(fields.get("times", 1)),
            float(fields.get("delay", 0)),
        )
        self._server.guard.faults.append(fault)
        return nothing()

    async def drop(self, _: web.Request) -> web.Response:
        """Close the bot's gateway connections; it may resume."""
        await self._server.drop_connections()
        return nothing()
