"""The whole stand-in as one server: gateway, HTTP API, files, member API and page."""

from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from deploy.local.discord.gateway.connection import Connection
from deploy.local.discord.gateway.sessions import Gateway
from deploy.local.discord.http import interactions, users_and_guilds
from deploy.local.discord.http.channels import ChannelRoutes
from deploy.local.discord.http.commands import CommandRoutes
from deploy.local.discord.http.control import Stage
from deploy.local.discord.http.members import MemberApi
from deploy.local.discord.http.middleware import API, Guard
from deploy.local.discord.member.actions import MemberActs
from deploy.local.discord.rules.errors import NOT_FOUND, ApiError
from deploy.local.discord.state.attachments import Files
from deploy.local.discord.state.clock import Clock
from deploy.local.discord.state.commands import Commands
from deploy.local.discord.state.document_store import Shelf
from deploy.local.discord.state.event_bus import Hub
from deploy.local.discord.state.guild import World
from deploy.local.discord.state.interaction_responses import Replies
from deploy.local.discord.state.interactions import Interactions
from deploy.local.discord.state.messages import Messages
from deploy.local.discord.state.reactions import Reactions
from deploy.local.discord.state.snowflakes import Snowflakes
from deploy.local.discord.wire_log import Recorder, Silence

PAGE = Path(__file__).parent / "page"
MOST_BYTES = 600 * 1024 * 1024


class LocalDiscord:
    """A Discord of one guild whose state lies in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        token: str = "local",  # noqa: S107  # it guards nothing but this machine's own toy
        recorder: Recorder | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = Clock()
        self._port, self._token = port, token
        self._recorder = recorder or Silence()
        self._shelf = Shelf(folder / "discord.db")
        ids, shelf = Snowflakes(self.clock), self._shelf
        self.hub = Hub()
        self.world = World(shelf, ids)
        self.files = Files(folder / "files", shelf, ids)
        self.messages = Messages(self.world, self.hub, self.files, ids, shelf)
        self.reactions = Reactions(self.world, self.hub, self.messages)
        self.commands = Commands(shelf, ids, self.hub)
        self.interactions = Interactions(self.world, self.hub, self.messages, ids, shelf)
        self.replies = Replies(self.world, self.messages, self.interactions)
        self.gateway = Gateway(self.world, self.hub)
        self.guard = Guard(token, self._recorder)
        self._connections: set[Connection] = set()
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def api_url(self) -> str:
        """Where the HTTP API is: what DISCORD_API_URL wants."""
        return f"{self.url}{API}"

    @property
    def gateway_url(self) -> str:
        """Where the gateway is: what DISCORD_GATEWAY_URL wants."""
        return f"ws{self.url.removeprefix('http')}/gateway"

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self.files.base, self.gateway.url = self.url, self.gateway_url
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.drop_connections()
        if self._runner:
            await self._runner.cleanup()
        self._shelf.close()

    async def drop_connections(self) -> None:
        """Close every gateway connection, as Discord does now and then; sessions stay."""
        for connection in list(self._connections):
            await connection.close()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self.guard.stand], client_max_size=MOST_BYTES)
        channels = ChannelRoutes(self.world, self.hub, self.messages, self.reactions)
        api = [
            *users_and_guilds.routes(self.world, self.gateway),
            *CommandRoutes(self.commands).routes(),
            *channels.routes(),
            *interactions.routes(self.replies),
        ]
        for route in api:
            application.router.add_route(route.method, API + route.path, route.handler)
        acts = MemberActs(self.world, self.messages, self.commands, self.interactions, self.files)
        member_api = MemberApi(
            world=self.world,
            hub=self.hub,
            messages=self.messages,
            reactions=self.reactions,
            acts=acts,
            gateway=self.gateway,
        )
        stage = Stage(self)
        application.add_routes([*member_api.routes(), *stage.routes()])
        application.router.add_get("/gateway", self._connect)
        application.router.add_get("/attachments/{channel}/{key}/{name}", self._download)
        application.router.add_get("/", self._page)
        application.router.add_static("/page/", PAGE)
        return application

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        connection = Connection(self.gateway, self._recorder, self._token)
        self._connections.add(connection)
        try:
            return await connection.run(request)
        finally:
            self._connections.discard(connection)

    async def _download(self, request: web.Request) -> web.FileResponse:
        path = self.files.path(request.match_info["key"])
        described = self.files.describe(request.match_info["key"])
        if path is None or described is None:
            raise ApiError(*NOT_FOUND)
        kind = described.get("content_type", "application/octet-stream")
        return web.FileResponse(path, headers={"Content-Type": kind})

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html")
