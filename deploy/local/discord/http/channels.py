"""The HTTP API v10: channels, messages and reactions, as the bot may use them."""

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.http.body import Body, nothing, read, reply
from deploy.local.discord.rules.errors import (
    CANNOT_EDIT_OTHERS,
    CANNOT_MESSAGE_USER,
    MISSING_PERMISSIONS,
    ApiError,
)
from deploy.local.discord.rules.messages import EPHEMERAL
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.event_bus import Hub
from deploy.local.discord.state.guild import BOT, World
from deploy.local.discord.state.messages import Draft, Messages
from deploy.local.discord.state.objects import DIRECT
from deploy.local.discord.state.reactions import Reactions


class ChannelRoutes:
    """What the bot may do in the channels that it sees."""

    def __init__(self, world: World, hub: Hub, messages: Messages, reactions: Reactions) -> None:
        self._world, self._hub = world, hub
        self._messages, self._reactions = messages, reactions

    def routes(self) -> list[web.RouteDef]:
        """The routes of this file, below /api/v10."""
        channel = "/channels/{channel}"
        message = f"{channel}/messages/{{message}}"
        emoji = f"{message}/reactions/{{emoji}}"
        return [
            web.get(channel, self.channel),
            web.post(f"{channel}/typing", self.typing),
            web.get(f"{channel}/messages", self.history),
            web.post(f"{channel}/messages", self.post),
            web.get(message, self.message),
            web.patch(message, self.edit),
            web.delete(message, self.delete),
            web.get(emoji, self.reactors),
            web.put(f"{emoji}/@me", self.react),
            web.delete(f"{emoji}/{{user}}", self.unreact),
        ]

    def _seen(self, request: web.Request, *needs: Permission) -> Json:
        channel = self._world.visible(BOT, request.match_info["channel"])
        allowed = self._world.permissions(BOT, channel)
        if any(not allowed & need for need in needs):
            raise ApiError(*MISSING_PERMISSIONS)
        return channel

    def _public(self, request: web.Request) -> Json:
        channel = self._seen(request)
        return self._messages.public(request.match_info["message"], channel["id"])

    def _draft(self, body: Body) -> Draft:
        payload = body.fields
        flags = (payload.get("flags") or 0) & ~EPHEMERAL
        return Draft({**payload, "flags": flags}, body.uploads)

    def _needs(self, body: Body) -> list[Permission]:
        needs = [Permission.SEND_MESSAGES]
        if body.uploads:
            needs.append(Permission.ATTACH_FILES)
        if body.fields.get("embeds"):
            needs.append(Permission.EMBED_LINKS)
        return needs

    async def channel(self, request: web.Request) -> web.Response:
        """One channel."""
        return reply(self._seen(request))

    async def typing(self, request: web.Request) -> web.Response:
        """Show the bot as typing."""
        channel = self._seen(request, Permission.SEND_MESSAGES)
        told = {"user_id": BOT, "channel_id": channel["id"]}
        self._hub.tell_people("TYPING_START", told, channel=channel["id"])
        return nothing()

    async def history(self, request: web.Request) -> web.Response:
        """The latest messages, newest first."""
        channel = self._seen(request, Permission.READ_MESSAGE_HISTORY)
        found = self._messages.inside(channel["id"], None)
        for name, keep in (("before", int.__lt__), ("after", int.__gt__)):
            if name in request.query:
                edge = int(request.query[name])
                found = [entry for entry in found if keep(int(entry["message"]["id"]), edge)]
        limit = int(request.query.get("limit", 50))
        chosen = found[:limit] if "after" in request.query else found[-limit:]
        return reply([self._messages.shown(entry, BOT) for entry in reversed(chosen)])

    async def post(self, request: web.Request) -> web.Response:
        """A new message."""
        body = await read(request)
        channel = self._seen(request, *self._needs(body))
        if channel["type"] == DIRECT:
            person = self._world.member(channel["recipients"][0]["id"])
            if not person["takes_direct"]:
                raise ApiError(*CANNOT_MESSAGE_USER)
        record = self._messages.post(BOT, channel, self._draft(body))
        return reply(self._messages.shown(record, BOT))

    async def message(self, request: web.Request) -> web.Response:
        """One message."""
        return reply(self._messages.shown(self._public(request), BOT))

    async def edit(self, request: web.Request) -> web.Response:
        """Change one of the bot's own messages."""
        body = await read(request)
        record = self._public(request)
        if record["message"]["author"]["id"] != BOT:
            raise ApiError(*CANNOT_EDIT_OTHERS)
        if body.uploads:
            self._seen(request, Permission.ATTACH_FILES)
        return reply(self._messages.shown(self._messages.edit(record, self._draft(body)), BOT))

    async def delete(self, request: web.Request) -> web.Response:
        """Take a message away; other people's only with MANAGE_MESSAGES."""
        record = self._public(request)
        if record["message"]["author"]["id"] != BOT:
            self._seen(request, Permission.MANAGE_MESSAGES)
        self._messages.delete(record)
        return nothing()

    async def reactors(self, request: web.Request) -> web.Response:
        """Who reacted with an emoji."""
        who = self._public(request)["reactors"].get(request.match_info["emoji"], [])
        return reply([self._world.user(key) for key in who])

    async def react(self, request: web.Request) -> web.Response:
        """Put the bot's own reaction under a message."""
        self._seen(request, Permission.READ_MESSAGE_HISTORY, Permission.ADD_REACTIONS)
        self._reactions.add(BOT, self._public(request), request.match_info["emoji"])
        return nothing()

    async def unreact(self, request: web.Request) -> web.Response:
        """Take a reaction back; other people's only with MANAGE_MESSAGES."""
        who = request.match_info["user"].replace("@me", BOT)
        if who != BOT:
            self._seen(request, Permission.MANAGE_MESSAGES)
        self._reactions.remove(who, self._public(request), request.match_info["emoji"])
        return nothing()
