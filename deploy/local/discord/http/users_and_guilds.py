"""The HTTP API v10: users, the application, and the guild."""

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.gateway.sessions import Gateway
from deploy.local.discord.http.body import read, reply
from deploy.local.discord.rules.errors import UNKNOWN_GUILD, ApiError
from deploy.local.discord.state.guild import BOT, GUILD, World


def routes(world: World, gateway: Gateway) -> list[web.RouteDef]:
    """The routes of this file, below /api/v10."""
    return [*_about(world, gateway), *_guild(world)]


def _about(world: World, gateway: Gateway) -> list[web.RouteDef]:
    async def me(_: web.Request) -> web.Response:
        return reply({**world.bot, "mfa_enabled": False, "locale": "en-US", "verified": True})

    async def user(request: web.Request) -> web.Response:
        return reply(world.user(request.match_info["user"]))

    async def application(_: web.Request) -> web.Response:
        return reply(_application(world))

    async def gateway_url(_: web.Request) -> web.Response:
        return reply({"url": gateway.url})

    async def gateway_bot(_: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return reply({"url": gateway.url, "shards": 1, "session_start_limit": limit})

    async def direct(request: web.Request) -> web.Response:
        person = str((await read(request)).fields.get("recipient_id"))
        return reply(world.direct(person))

    return [
        web.get("/users/@me", me),
        web.get("/users/{user:\\d+}", user),
        web.post("/users/@me/channels", direct),
        web.get("/applications/@me", application),
        web.get("/oauth2/applications/@me", application),
        web.get("/gateway", gateway_url),
        web.get("/gateway/bot", gateway_bot),
    ]


def _application(world: World) -> Json:
    return {
        "id": BOT,
        "name": world.bot["global_name"],
        "icon": None,
        "description": "",
        "type": None,
        "bot": world.bot,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": world.user(world.guild["owner_id"]),
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
        "integration_types_config": {"0": {}},
    }


def _guild(world: World) -> list[web.RouteDef]:
    def known(request: web.Request) -> None:
        if request.match_info["guild"] != GUILD:
            raise ApiError(*UNKNOWN_GUILD)

    async def guild(request: web.Request) -> web.Response:
        known(request)
        return reply({key: value for key, value in world.guild.items() if key != "hub_type"})

    async def channels(request: web.Request) -> web.Response:
        known(request)
        return reply(world.text_channels())

    async def roles(request: web.Request) -> web.Response:
        known(request)
        return reply(world.guild["roles"])

    async def member(request: web.Request) -> web.Response:
        known(request)
        return reply(world.shown_member(request.match_info["user"].replace("@me", BOT)))

    return [
        web.get("/guilds/{guild}", guild),
        web.get("/guilds/{guild}/channels", channels),
        web.get("/guilds/{guild}/roles", roles),
        web.get("/guilds/{guild}/members/{user}", member),
    ]
