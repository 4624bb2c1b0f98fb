"""The HTTP API v10: answers to interactions, which carry a token in their path alone."""

from aiohttp import web

from deploy.local.discord.http.body import nothing, read, reply
from deploy.local.discord.rules.errors import Invalid
from deploy.local.discord.state.interaction_responses import Replies
from deploy.local.discord.state.messages import Draft


def routes(replies: Replies) -> list[web.RouteDef]:
    """The routes of this file, below /api/v10."""

    async def callback(request: web.Request) -> web.Response:
        body = await read(request)
        kind = body.fields.get("type")
        if not isinstance(kind, int):
            raise Invalid("type", "BASE_TYPE_REQUIRED", "This field is required")
        key, token = request.match_info["interaction"], request.match_info["token"]
        draft = Draft(body.fields.get("data") or {}, body.uploads)
        described = replies.answer(key, token, kind, draft)
        asked = request.query.get("with_response", "").lower() in ("1", "true")
        return reply(described) if asked else nothing()

    async def follow_up(request: web.Request) -> web.Response:
        body = await read(request)
        application, token = _names(request)
        return reply(replies.follow_up(application, token, Draft(body.fields, body.uploads)))

    async def get(request: web.Request) -> web.Response:
        return reply(replies.get(*_names(request), request.match_info["message"]))

    async def edit(request: web.Request) -> web.Response:
        body = await read(request)
        application, token = _names(request)
        draft = Draft(body.fields, body.uploads)
        return reply(replies.edit(application, token, request.match_info["message"], draft))

    async def delete(request: web.Request) -> web.Response:
        replies.delete(*_names(request), request.match_info["message"])
        return nothing()

    message = "/webhooks/{application}/{token}/messages/{message}"
    return [
        web.post("/interactions/{interaction}/{token}/callback", callback),
        web.post("/webhooks/{application}/{token}", follow_up),
        web.get(message, get),
        web.patch(message, edit),
        web.delete(message, delete),
    ]


def _names(request: web.Request) -> tuple[str, str]:
    return request.match_info["application"], request.match_info["token"]
