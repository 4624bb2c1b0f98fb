"""The HTTP API v10: the application's commands, global and of the guild."""

from aiohttp import web

from deploy.local.discord.http.body import nothing, read, reply
from deploy.local.discord.rules.errors import MISSING_ACCESS, ApiError
from deploy.local.discord.state.commands import Commands
from deploy.local.discord.state.guild import BOT, GUILD


class CommandRoutes:
    """How the bot registers what members may call."""

    def __init__(self, commands: Commands) -> None:
        self._registered = commands

    def routes(self) -> list[web.RouteDef]:
        """The routes of this file, below /api/v10."""
        found: list[web.RouteDef] = []
        for where in ("/applications/{application}", "/applications/{application}/guilds/{guild}"):
            one = f"{where}/commands/{{command}}"
            found += [
                web.get(f"{where}/commands", self.listed),
                web.put(f"{where}/commands", self.overwrite),
                web.post(f"{where}/commands", self.create),
                web.get(one, self.get),
                web.patch(one, self.change),
                web.delete(one, self.delete),
            ]
        return found

    async def listed(self, request: web.Request) -> web.Response:
        """Every command of a place."""
        return reply(self._registered.listed(_place(request)))

    async def overwrite(self, request: web.Request) -> web.Response:
        """Replace all commands of a place."""
        return reply(self._registered.overwrite((await read(request)).items, _place(request)))

    async def create(self, request: web.Request) -> web.Response:
        """Add a command, or replace its namesake."""
        fields = (await read(request)).fields
        return reply(self._registered.create(fields, _place(request)), 201)

    async def get(self, request: web.Request) -> web.Response:
        """One command."""
        return reply(self._registered.get(request.match_info["command"], _place(request)))

    async def change(self, request: web.Request) -> web.Response:
        """Change some of a command's fields."""
        fields, key = (await read(request)).fields, request.match_info["command"]
        return reply(self._registered.change(key, fields, _place(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a command."""
        self._registered.delete(request.match_info["command"], _place(request))
        return nothing()


def _place(request: web.Request) -> str | None:
    """The guild that the path names, or None for global commands."""
    guild = request.match_info.get("guild")
    if request.match_info["application"] != BOT or guild not in (None, GUILD):
        raise ApiError(*MISSING_ACCESS)
    return guild
