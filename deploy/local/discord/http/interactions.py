"""REST API v10: responses to interactions, which are authorized by a token in their path."""

from aiohttp import web

from deploy.local.discord.http.body import json_response, no_content, read_body
from deploy.local.discord.rules.errors import required
from deploy.local.discord.state.discord_state import DiscordState
from deploy.local.discord.state.interaction.interaction_responses import InteractionResponses
from deploy.local.discord.state.messages import MessageDraft


def routes(state: DiscordState) -> list[web.RouteDef]:
    """Return the routes of this module, relative to /api/v10."""
    responses = InteractionResponses(state.guild, state.messages, state.interactions)

    async def callback(request: web.Request) -> web.Response:
        body = await read_body(request)
        kind = body.fields.get("type")
        if not isinstance(kind, int):
            raise required("type")
        key, token = request.match_info["interaction"], request.match_info["token"]
        draft = MessageDraft(body.fields.get("data") or {}, body.uploads)
        response = responses.callback(key, token, kind, draft)
        wanted = request.query.get("with_response", "").lower() in ("1", "true")
        return json_response(response) if wanted else no_content()

    async def follow_up(request: web.Request) -> web.Response:
        draft = (await read_body(request)).draft
        return json_response(responses.follow_up(*_webhook(request), draft))

    async def get(request: web.Request) -> web.Response:
        return json_response(responses.get(*_webhook(request), request.match_info["message"]))

    async def edit(request: web.Request) -> web.Response:
        draft, message = (await read_body(request)).draft, request.match_info["message"]
        return json_response(responses.edit(*_webhook(request), message, draft))

    async def delete(request: web.Request) -> web.Response:
        responses.delete(*_webhook(request), request.match_info["message"])
        return no_content()

    message = "/webhooks/{application}/{token}/messages/{message}"
    return [
        web.post("/interactions/{interaction}/{token}/callback", callback),
        web.post("/webhooks/{application}/{token}", follow_up),
        web.get(message, get),
        web.patch(message, edit),
        web.delete(message, delete),
    ]


def _webhook(request: web.Request) -> tuple[str, str]:
    """Return the application and the token that the path names."""
    return request.match_info["application"], request.match_info["token"]
