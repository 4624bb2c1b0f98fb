"""The local Discord as one server: gateway, REST API, members' API, files and page."""

from pathlib import Path
from typing import Self

from aiohttp import web

from deploy.local.discord.gateway.connection import GatewayEndpoint
from deploy.local.discord.gateway.sessions import Gateway
from deploy.local.discord.http import commands, interactions, users_and_guilds
from deploy.local.discord.http.channels import ChannelRoutes
from deploy.local.discord.http.control import ControlRoutes
from deploy.local.discord.http.guild_control import GuildControlRoutes
from deploy.local.discord.http.members import MemberRoutes
from deploy.local.discord.http.middleware import API, RequestMiddleware
from deploy.local.discord.http.rate_limits import RateLimits
from deploy.local.discord.rules.errors import NOT_FOUND, ApiError
from deploy.local.discord.state.discord_state import DiscordState
from deploy.local.discord.wire_log import WireLog

PAGE = Path(__file__).parent / "page"
MAX_BODY_BYTES = 600 * 1024 * 1024


class LocalDiscord:
    """A Discord whose state is kept in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        token: str = "local",  # noqa: S107  # the stand-in's token protects nothing
        wire_log: Path | None = None,
    ) -> None:
        self._port = port
        self._state = DiscordState(folder)
        self.clock = self._state.clock
        self._gateway = Gateway(self._state.guild, self._state.events, self._state.world)
        log, world = WireLog(wire_log), self._state.world
        world.token = token
        self._endpoint = GatewayEndpoint(self._gateway, log, world)
        limits = RateLimits(self.clock, world)
        self._middleware = RequestMiddleware(world, log, limits)
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def api_url(self) -> str:
        """The address of the REST API, for DISCORD_API_URL."""
        return f"{self.url}{API}"

    @property
    def gateway_url(self) -> str:
        """The address of the gateway, for DISCORD_GATEWAY_URL."""
        return f"ws{self.url.removeprefix('http')}/gateway"

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._state.attachments.base, self._gateway.url = self.url, self.gateway_url
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._endpoint.drop_connections()
        if self._runner:
            await self._runner.cleanup()
        self._state.close()

    def _application(self) -> web.Application:
        application = web.Application(
            middlewares=[self._middleware.handle], client_max_size=MAX_BODY_BYTES
        )
        state, faults = self._state, self._middleware.faults
        rest = [
            *users_and_guilds.routes(state.guild, self._gateway),
            *commands.routes(state.commands, state.guild),
            *ChannelRoutes(state).routes(),
            *interactions.routes(state),
        ]
        for route in rest:
            application.router.add_route(route.method, API + route.path, route.handler)
        application.add_routes(
            [
                *MemberRoutes(state, self._gateway).routes(),
                *ControlRoutes(state, faults, self._endpoint).routes(),
                *GuildControlRoutes(state).routes(),
                web.get("/gateway", self._endpoint.connect),
                web.get("/attachments/{channel}/{key}/{name}", self._download),
                web.get("/", self._page),
                web.static("/page/", PAGE),
            ]
        )
        return application

    async def _download(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        path, attachment = self._state.attachments.path(key), self._state.attachments.get(key)
        if path is None or attachment is None:
            raise ApiError(*NOT_FOUND)
        if not self._state.attachments.is_valid(request.path, request.query):
            return web.Response(status=404, text="This content is no longer available.")
        kind = attachment.get("content_type", "application/octet-stream")
        return web.FileResponse(path, headers={"Content-Type": kind})

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html")
