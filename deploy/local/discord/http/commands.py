"""REST API v10: the application's commands, global and of the guild."""

from aiohttp import web

from deploy.local.discord.http.body import json_response, no_content, read_body
from deploy.local.discord.rules.errors import MISSING_ACCESS, ApiError
from deploy.local.discord.state.commands import CommandRegistry
from deploy.local.discord.state.guild import BOT, Guild, is_installed


def routes(commands: CommandRegistry, guilds: Guild) -> list[web.RouteDef]:
    """Return the routes of this module, relative to /api/v10."""

    def guild_of(request: web.Request) -> str | None:
        """Return the guild that the path names, or None for global commands."""
        guild = request.match_info.get("guild")
        known = guild is None or any(one["id"] == guild and is_installed(one) for one in guilds)
        if request.match_info["application"] != BOT or not known:
            raise ApiError(*MISSING_ACCESS)
        return guild

    async def get_all(request: web.Request) -> web.Response:
        return json_response(commands.registered(guild_of(request)))

    async def overwrite(request: web.Request) -> web.Response:
        items = (await read_body(request)).items
        return json_response(commands.overwrite(items, guild_of(request)))

    async def create(request: web.Request) -> web.Response:
        fields = (await read_body(request)).fields
        return json_response(commands.create(fields, guild_of(request)), 201)

    async def get(request: web.Request) -> web.Response:
        return json_response(commands.get(request.match_info["command"], guild_of(request)))

    async def edit(request: web.Request) -> web.Response:
        fields, key = (await read_body(request)).fields, request.match_info["command"]
        return json_response(commands.edit(key, fields, guild_of(request)))

    async def delete(request: web.Request) -> web.Response:
        commands.delete(request.match_info["command"], guild_of(request))
        return no_content()

    found: list[web.RouteDef] = []
    for scope in ("/applications/{application}", "/applications/{application}/guilds/{guild}"):
        one = f"{scope}/commands/{{command}}"
        found += [
            web.get(f"{scope}/commands", get_all),
            web.put(f"{scope}/commands", overwrite),
            web.post(f"{scope}/commands", create),
            web.get(one, get),
            web.patch(one, edit),
            web.delete(one, delete),
        ]
    return found
