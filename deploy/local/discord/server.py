"""The local Discord as one server: gateway, REST API, members' API, files and page."""

from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from deploy.local.discord.gateway.connection import GatewayEndpoint
from deploy.local.discord.gateway.sessions import Gateway
from deploy.local.discord.http import commands, interactions, users_and_guilds
from deploy.local.discord.http.channels import ChannelRoutes
from deploy.local.discord.http.control import ControlRoutes
from deploy.local.discord.http.members import MemberRoutes
from deploy.local.discord.http.middleware import API, RequestMiddleware
from deploy.local.discord.member.actions import MemberActions
from deploy.local.discord.rules.errors import NOT_FOUND, ApiError
from deploy.local.discord.state.attachments import AttachmentStore
from deploy.local.discord.state.commands import CommandRegistry
from deploy.local.discord.state.document_store import DocumentStore
from deploy.local.discord.state.event_bus import EventBus
from deploy.local.discord.state.guild import Guild
from deploy.local.discord.state.interaction_responses import InteractionResponses
from deploy.local.discord.state.interactions import InteractionStore
from deploy.local.discord.state.messages import MessageStore
from deploy.local.discord.state.reactions import MessageReactions
from deploy.local.discord.state.snowflakes import Clock, Snowflakes
from deploy.local.discord.wire_log import WireLog

PAGE = Path(__file__).parent / "page"
MAX_BODY_BYTES = 600 * 1024 * 1024


class LocalDiscord:
    """A Discord of one guild whose state is kept in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        token: str = "local",  # noqa: S107  # the stand-in's token protects nothing
        wire_log: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._port = port
        self._store = store = DocumentStore(folder / "discord.db")
        self.clock = Clock()
        ids, self._events = Snowflakes(self.clock), EventBus()
        self._guild = Guild(store, ids)
        self._attachments = AttachmentStore(folder / "files", store, ids)
        self._messages = MessageStore(self._guild, self._events, self._attachments, ids, store)
        self._commands = CommandRegistry(store, ids, self._events)
        self._interactions = InteractionStore(self._guild, self._events, self._messages, ids, store)
        self._gateway = Gateway(self._guild, self._events)
        log = WireLog(wire_log)
        self._endpoint = GatewayEndpoint(self._gateway, log, token)
        self._middleware = RequestMiddleware(token, log)
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
        self._attachments.base, self._gateway.url = self.url, self.gateway_url
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._endpoint.drop_connections()
        if self._runner:
            await self._runner.cleanup()
        self._store.close()

    def _application(self) -> web.Application:
        application = web.Application(
            middlewares=[self._middleware.handle], client_max_size=MAX_BODY_BYTES
        )
        reactions = MessageReactions(self._guild, self._events, self._messages)
        for route in self._rest_routes(reactions):
            application.router.add_route(route.method, API + route.path, route.handler)
        application.add_routes(self._local_routes(reactions))
        application.add_routes(
            [
                web.get("/gateway", self._endpoint.connect),
                web.get("/attachments/{channel}/{key}/{name}", self._download),
                web.get("/", self._page),
                web.static("/page/", PAGE),
            ]
        )
        return application

    def _rest_routes(self, reactions: MessageReactions) -> list[web.RouteDef]:
        responses = InteractionResponses(self._guild, self._messages, self._interactions)
        channels = ChannelRoutes(self._guild, self._events, self._messages, reactions)
        return [
            *users_and_guilds.routes(self._guild, self._gateway),
            *commands.routes(self._commands),
            *channels.routes(),
            *interactions.routes(responses),
        ]

    def _local_routes(self, reactions: MessageReactions) -> list[web.RouteDef]:
        actions = MemberActions(
            self._guild, self._messages, self._commands, self._interactions, self._attachments
        )
        members = MemberRoutes(
            guild=self._guild,
            events=self._events,
            messages=self._messages,
            reactions=reactions,
            attachments=self._attachments,
            interactions=self._interactions,
            actions=actions,
            gateway=self._gateway,
        )
        faults, drop = self._middleware.faults, self._endpoint.drop_connections
        control = ControlRoutes(self._guild, self._events, self.clock, faults, drop)
        return [*members.routes(), *control.routes()]

    async def _download(self, request: web.Request) -> web.FileResponse:
        key = request.match_info["key"]
        path, attachment = self._attachments.path(key), self._attachments.get(key)
        if path is None or attachment is None:
            raise ApiError(*NOT_FOUND)
        kind = attachment.get("content_type", "application/octet-stream")
        return web.FileResponse(path, headers={"Content-Type": kind})

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html")
