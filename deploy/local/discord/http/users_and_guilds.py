"""REST API v10: users, the application, the gateway's address, and the guild."""

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.gateway.sessions import Gateway
from deploy.local.discord.http.body import json_response, read_body
from deploy.local.discord.state.guild import BOT, Guild


def routes(guild: Guild, gateway: Gateway) -> list[web.RouteDef]:
    """Return the routes of this module, relative to /api/v10."""
    return [*_application_routes(guild, gateway), *_guild_routes(guild)]


def _application_routes(guild: Guild, gateway: Gateway) -> list[web.RouteDef]:
    async def me(_: web.Request) -> web.Response:
        return json_response(
            {**guild.bot, "mfa_enabled": False, "locale": "en-US", "verified": True}
        )

    async def user(request: web.Request) -> web.Response:
        return json_response(guild.user(request.match_info["user"]))

    async def application(_: web.Request) -> web.Response:
        return json_response(_application(guild))

    async def gateway_url(_: web.Request) -> web.Response:
        return json_response({"url": gateway.url})

    async def gateway_bot(_: web.Request) -> web.Response:
        return json_response({"url": gateway.url, **gateway.session_limits()})

    async def direct_channel(request: web.Request) -> web.Response:
        user = str((await read_body(request)).fields.get("recipient_id"))
        return json_response(guild.direct_channel(user))

    return [
        web.get("/users/@me", me),
        web.get("/users/{user:\\d+}", user),
        web.post("/users/@me/channels", direct_channel),
        web.get("/applications/@me", application),
        web.get("/oauth2/applications/@me", application),
        web.get("/gateway", gateway_url),
        web.get("/gateway/bot", gateway_bot),
    ]


def _application(guild: Guild) -> Json:
    return {
        "id": BOT,
        "name": guild.bot["global_name"],
        "icon": None,
        "description": "",
        "type": None,
        "bot": guild.bot,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": guild.user(guild.json["owner_id"]),
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
        "integration_types_config": {"0": {}, "1": {}},
    }


def _guild_routes(guild: Guild) -> list[web.RouteDef]:
    def found(request: web.Request) -> Json:
        return guild.of_bot(request.match_info["guild"])

    async def get_guild(request: web.Request) -> web.Response:
        record = found(request)
        return json_response({key: record[key] for key in record if key != "hub_type"})

    async def channels(request: web.Request) -> web.Response:
        return json_response(guild.text_channels(found(request)["id"]))

    async def roles(request: web.Request) -> web.Response:
        return json_response(found(request)["roles"])

    async def member(request: web.Request) -> web.Response:
        found(request)
        return json_response(guild.current_member(request.match_info["user"].replace("@me", BOT)))

    return [
        web.get("/guilds/{guild}", get_guild),
        web.get("/guilds/{guild}/channels", channels),
        web.get("/guilds/{guild}/roles", roles),
        web.get("/guilds/{guild}/members/{user}", member),
    ]
