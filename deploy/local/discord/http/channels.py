"""REST API v10: channels, messages and reactions."""

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.http.body import RequestBody, json_response, no_content, read_body
from deploy.local.discord.rules.errors import (
    CANNOT_EDIT_OTHERS,
    CANNOT_MESSAGE_USER,
    MISSING_PERMISSIONS,
    NO_MUTUAL_GUILDS,
    ApiError,
)
from deploy.local.discord.rules.messages import EPHEMERAL
from deploy.local.discord.rules.permissions import Permission, send_permission
from deploy.local.discord.state.discord_state import DiscordState
from deploy.local.discord.state.guild import BOT, is_installed
from deploy.local.discord.state.messages import MessageDraft
from deploy.local.discord.state.objects import DIRECT


class ChannelRoutes:
    """What the bot may do in the channels that it sees."""

    def __init__(self, state: DiscordState) -> None:
        self._guild, self._events = state.guild, state.events
        self._messages, self._reactions = state.messages, state.reactions

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this class, relative to /api/v10."""
        channel = "/channels/{channel}"
        message = f"{channel}/messages/{{message}}"
        emoji = f"{message}/reactions/{{emoji}}"
        return [
            web.get(channel, self.get_channel),
            web.post(f"{channel}/typing", self.typing),
            web.get(f"{channel}/messages", self.history),
            web.post(f"{channel}/messages", self.post),
            web.get(message, self.get_message),
            web.patch(message, self.edit),
            web.delete(message, self.delete),
            web.get(emoji, self.reaction_users),
            web.put(f"{emoji}/@me", self.add_reaction),
            web.delete(f"{emoji}/{{user}}", self.remove_reaction),
        ]

    def _channel(self, request: web.Request, *needed: Permission) -> Json:
        channel = self._guild.visible_channel(BOT, request.match_info["channel"])
        self._check(channel, *needed)
        return channel

    def _check(self, channel: Json, *needed: Permission) -> None:
        allowed = self._guild.permissions(BOT, channel)
        if any(not allowed & permission for permission in needed):
            raise ApiError(*MISSING_PERMISSIONS)

    def _record(self, request: web.Request) -> Json:
        channel = self._channel(request)
        return self._messages.public_record(request.match_info["message"], channel["id"])

    async def get_channel(self, request: web.Request) -> web.Response:
        """Return one channel."""
        return json_response(self._channel(request))

    async def typing(self, request: web.Request) -> web.Response:
        """Show the bot as typing."""
        channel = self._channel(request)
        self._check(channel, send_permission(channel))
        data = {"user_id": BOT, "channel_id": channel["id"]}
        self._events.publish("TYPING_START", data, channel=channel["id"])
        return no_content()

    async def history(self, request: web.Request) -> web.Response:
        """Return the latest messages, newest first."""
        channel = self._channel(request)
        readable = self._guild.permissions(BOT, channel) & Permission.READ_MESSAGE_HISTORY
        found = self._messages.records(channel["id"], None) if readable else []
        for name, keep in (("before", int.__lt__), ("after", int.__gt__)):
            if name in request.query:
                edge = int(request.query[name])
                found = [entry for entry in found if keep(int(entry["message"]["id"]), edge)]
        limit = int(request.query.get("limit", 50))
        chosen = found[:limit] if "after" in request.query else found[-limit:]
        return json_response([self._messages.view(entry, BOT) for entry in reversed(chosen)])

    async def post(self, request: web.Request) -> web.Response:
        """Post a message."""
        body = await read_body(request)
        channel = self._channel(request)
        self._check(channel, send_permission(channel), *_needed_permissions(body))
        if channel["type"] == DIRECT:
            self._check_direct(channel["recipients"][0]["id"])
        record = self._messages.post(BOT, channel, _public_draft(body))
        return json_response(self._messages.view(record, BOT))

    def _check_direct(self, user: str) -> None:
        """Raise ApiError where a person takes no direct messages, or shares no guild."""
        member = self._guild.member_record(user)
        if not member["takes_direct"]:
            raise ApiError(*CANNOT_MESSAGE_USER)
        if not member.get("user_install") and not any(map(is_installed, self._guild)):
            raise ApiError(*NO_MUTUAL_GUILDS)

    async def get_message(self, request: web.Request) -> web.Response:
        """Return one message."""
        self._channel(request, Permission.READ_MESSAGE_HISTORY)
        return json_response(self._messages.view(self._record(request), BOT))

    async def edit(self, request: web.Request) -> web.Response:
        """Change one of the bot's own messages."""
        body = await read_body(request)
        record = self._record(request)
        if record["message"]["author"]["id"] != BOT:
            raise ApiError(*CANNOT_EDIT_OTHERS)
        if body.uploads:
            self._channel(request, Permission.ATTACH_FILES)
        return json_response(
            self._messages.view(self._messages.edit(record, _public_draft(body)), BOT)
        )

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a message; another user's needs MANAGE_MESSAGES."""
        record = self._record(request)
        if record["message"]["author"]["id"] != BOT:
            self._channel(request, Permission.MANAGE_MESSAGES)
        self._messages.delete(record)
        return no_content()

    async def reaction_users(self, request: web.Request) -> web.Response:
        """Return the users who reacted with an emoji."""
        users = self._record(request)["reactors"].get(request.match_info["emoji"], [])
        return json_response([self._guild.user(key) for key in users])

    async def add_reaction(self, request: web.Request) -> web.Response:
        """Add the bot's own reaction to a message."""
        self._channel(request, Permission.READ_MESSAGE_HISTORY, Permission.ADD_REACTIONS)
        self._reactions.add(BOT, self._record(request), request.match_info["emoji"])
        return no_content()

    async def remove_reaction(self, request: web.Request) -> web.Response:
        """Remove a reaction; another user's needs MANAGE_MESSAGES."""
        user = request.match_info["user"].replace("@me", BOT)
        if user != BOT:
            self._channel(request, Permission.MANAGE_MESSAGES)
        self._reactions.remove(user, self._record(request), request.match_info["emoji"])
        return no_content()


def _public_draft(body: RequestBody) -> MessageDraft:
    """Return the draft without the ephemeral flag, which only interaction responses may set."""
    flags = (body.fields.get("flags") or 0) & ~EPHEMERAL
    return MessageDraft({**body.fields, "flags": flags}, body.uploads)


def _needed_permissions(body: RequestBody) -> list[Permission]:
    needed = []
    if body.uploads:
        needed.append(Permission.ATTACH_FILES)
    if body.fields.get("embeds"):
        needed.append(Permission.EMBED_LINKS)
    return needed
