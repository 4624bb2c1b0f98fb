"""The members' API under /local/, which the page, the demo and tests use."""

import asyncio
import json
from contextlib import suppress

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.gateway.sessions import Gateway
from deploy.local.discord.http.body import json_response, no_content, read_body
from deploy.local.discord.member.actions import MemberActions
from deploy.local.discord.rules.errors import MISSING_PERMISSIONS, NOT_FOUND, ApiError
from deploy.local.discord.rules.permissions import Permission, send_permission
from deploy.local.discord.state.discord_state import DiscordState
from deploy.local.discord.state.events import MemberEvent
from deploy.local.discord.state.guild import STUDIO
from deploy.local.discord.state.messages import MessageDraft

KEEP_ALIVE_SECONDS = 15


class MemberRoutes:
    """Reads and acts in the name of the member that a request's query names as `member`."""

    def __init__(self, state: DiscordState, gateway: Gateway) -> None:
        self._guild, self._events, self._messages = state.guild, state.events, state.messages
        self._reactions, self._attachments = state.reactions, state.attachments
        self._interactions, self._actions = state.interactions, MemberActions(state)
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this class."""
        reaction = "/local/messages/{message}/reactions/{emoji}"
        return [
            web.get("/local/state", self.state),
            web.get("/local/commands", self.commands),
            web.get("/local/channels/{channel}/messages", self.history),
            web.post("/local/channels/{channel}/messages", self.post),
            web.get("/local/messages/{message}", self.get_message),
            web.delete("/local/messages/{message}", self.delete),
            web.post("/local/channels/{channel}/purge", self.purge),
            web.put(reaction, self.add_reaction),
            web.delete(reaction, self.remove_reaction),
            web.post("/local/attachments", self.upload),
            web.post("/local/interactions", self.interact),
            web.get("/local/interactions/{interaction}", self.outcome),
            web.get("/local/events", self.stream),
            web.post("/local/direct", self.direct_channel),
        ]

    async def state(self, request: web.Request) -> web.Response:
        """Return guild, members, bot, and the channels that this member (or the owner) sees."""
        guild = self._guild.json
        member = _member(request) or guild["owner_id"]
        visible = [
            {**channel, "permissions": str(self._guild.permissions(member, channel))}
            for channel in self._guild.channels
            if self._guild.permissions(member, channel) & Permission.VIEW_CHANNEL
        ]
        members = [
            {**entry["user"], "locale": entry["locale"], "roles": entry["roles"]}
            for entry in self._guild.people()
        ]
        return json_response(
            {
                "guild": {key: guild[key] for key in ("id", "name", "owner_id", "roles")},
                "upload_limit": self._upload_limit(request),
                "channels": visible,
                "members": members,
                "bot": {**self._guild.bot, "online": self._gateway.online},
                "event": self._events.count,
            }
        )

    async def commands(self, request: web.Request) -> web.Response:
        """Return the commands that this member may use in a channel."""
        member = _member(request)
        channel = self._guild.visible_channel(member, request.query["channel"])
        return json_response(self._actions.available_commands(member, channel))

    async def history(self, request: web.Request) -> web.Response:
        """Return the messages of a channel that this member sees, oldest first."""
        member = _member(request)
        channel = self._guild.visible_channel(member, request.match_info["channel"])
        found = self._messages.records(channel["id"], member)
        return json_response([self._messages.view(entry, member) for entry in found])

    async def get_message(self, request: web.Request) -> web.Response:
        """Return one message."""
        return json_response(self._messages.view(self._record(request), _member(request)))

    def _record(self, request: web.Request) -> Json:
        return self._actions.visible_message(_member(request), request.match_info["message"])

    async def post(self, request: web.Request) -> web.Response:
        """Post a message: {"member", "content", "attachments": [id]}.

        `forward` is the message that it forwards, `preview` the upload that stands for the picture
        under the link which is its content.
        """
        fields = (await read_body(request)).fields
        member = str(fields["member"])
        channel = self._guild.visible_channel(member, request.match_info["channel"])
        if not self._guild.permissions(member, channel) & send_permission(channel):
            raise ApiError(*MISSING_PERMISSIONS)
        payload: Json = {"content": fields.get("content", "")}
        payload["attachments"] = [{"id": key} for key in fields.get("attachments", [])]
        if "forward" in fields:
            payload["message_reference"] = {"type": 1, "message_id": fields["forward"]}
        if "preview" in fields:
            payload["embeds"] = [self._link_preview(fields["content"], fields["preview"])]
        record = self._messages.post(member, channel, MessageDraft(payload))
        return json_response(self._messages.view(record, member))

    def _link_preview(self, link: str, key: str) -> Json:
        """Return the embed that Discord makes of a link to a picture."""
        picture = self._attachments.get(key)
        if picture is None:
            raise ApiError(*NOT_FOUND)
        shown: Json = {name: picture[name] for name in ("width", "height") if name in picture}
        thumbnail: Json = {**shown, "url": link, "proxy_url": picture["url"]}
        preview: Json = {"type": "image", "url": link, "thumbnail": thumbnail}
        return preview

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a message, one's own or as who manages messages, or dismiss an ephemeral one."""
        record, member = self._record(request), _member(request)
        channel = self._guild.channel(record["message"]["channel_id"])
        manages = self._guild.permissions(member, channel) & Permission.MANAGE_MESSAGES
        own = member in (record["only"], record["message"]["author"]["id"])
        if not own and (record["only"] or not manages):
            raise ApiError(*MISSING_PERMISSIONS)
        self._messages.delete(record)
        return no_content()

    async def purge(self, request: web.Request) -> web.Response:
        """Delete several messages at once, as another bot does: {"messages": [id]}."""
        member = _member(request)
        channel = self._guild.visible_channel(member, request.match_info["channel"])
        if not self._guild.permissions(member, channel) & Permission.MANAGE_MESSAGES:
            raise ApiError(*MISSING_PERMISSIONS)
        self._messages.delete_all(channel, (await read_body(request)).fields["messages"])
        return no_content()

    async def add_reaction(self, request: web.Request) -> web.Response:
        """Add a reaction to a message."""
        record, member = self._record(request), _member(request)
        channel = self._guild.channel(record["message"]["channel_id"])
        allowed = self._guild.permissions(member, channel)
        needed = Permission.ADD_REACTIONS, Permission.READ_MESSAGE_HISTORY
        if not all(allowed & permission for permission in needed):
            raise ApiError(*MISSING_PERMISSIONS)
        self._reactions.add(member, record, request.match_info["emoji"])
        return no_content()

    async def remove_reaction(self, request: web.Request) -> web.Response:
        """Remove a reaction."""
        emoji = request.match_info["emoji"]
        self._reactions.remove(_member(request), self._record(request), emoji)
        return no_content()

    async def upload(self, request: web.Request) -> web.Response:
        """Store files for a command, a modal or a message; return their attachment objects."""
        body, limit = await read_body(request), self._upload_limit(request)
        stored = [
            self._attachments.add(upload, "ephemeral", limit, ephemeral=True)
            for _, upload in sorted(body.uploads.items())
        ]
        return json_response(self._attachments.with_urls(stored))

    def _upload_limit(self, request: web.Request) -> int:
        channel = self._guild.channel(request.query.get("channel", STUDIO))
        return self._guild.upload_limit(channel, _member(request) or None)

    async def interact(self, request: web.Request) -> web.Response:
        """Perform an action; with `?wait=1` the answer is the interaction's outcome."""
        record = self._actions.perform((await read_body(request)).fields)
        if "wait" in request.query:
            return json_response(await self._interactions.outcome(record["id"]))
        return json_response({"interaction": record["id"]}, 202)

    async def outcome(self, request: web.Request) -> web.Response:
        """Wait until an interaction is answered, and return how."""
        outcome = await self._interactions.outcome(request.match_info["interaction"])
        return json_response(outcome)

    async def direct_channel(self, request: web.Request) -> web.Response:
        """Return the member's private channel with the bot."""
        member = str((await read_body(request)).fields["member"])
        return json_response(self._guild.direct_channel(member))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send events from now on, or after event `after`, as server-sent events."""
        last = request.headers.get("Last-Event-ID") or request.query.get("after")
        after = int(last) if last else self._events.count
        if after > self._events.count:
            after = 0  # the number is from before this server's last start
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await response.write(b": connected\n\n")
        with suppress(ConnectionResetError):
            await self._send_events(response, _member(request), after)
        return response

    async def _send_events(self, response: web.StreamResponse, member: str, after: int) -> None:
        source = self._events.subscribe(after)
        upcoming = asyncio.ensure_future(anext(source))
        try:
            while True:
                done, _ = await asyncio.wait({upcoming}, timeout=KEEP_ALIVE_SECONDS)
                if not done:
                    await response.write(b": keep-alive\n\n")
                    continue
                event = upcoming.result()
                upcoming = asyncio.ensure_future(anext(source))
                if self._may_see(member, event):
                    body = {"type": event.type, "channel": event.channel, "data": event.data}
                    text = json.dumps(body, ensure_ascii=False)
                    await response.write(f"id: {event.number}\ndata: {text}\n\n".encode())
        finally:
            upcoming.cancel()

    def _may_see(self, member: str, event: MemberEvent) -> bool:
        if event.member not in (None, member):
            return False
        if event.channel is None or event.channel not in self._guild.channels:
            return True
        channel = self._guild.channel(event.channel)
        return bool(self._guild.permissions(member, channel) & Permission.VIEW_CHANNEL)


def _member(request: web.Request) -> str:
    return request.query.get("member", "")
