"""The members' side under /local/: what the page, the demo and tests use."""

import asyncio
import json
from contextlib import suppress

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.gateway.sessions import Gateway
from deploy.local.discord.http.body import nothing, read, reply
from deploy.local.discord.member.actions import MemberActs
from deploy.local.discord.rules.errors import MISSING_PERMISSIONS, ApiError
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.event_bus import Event, Hub
from deploy.local.discord.state.guild import GUILD, World
from deploy.local.discord.state.messages import Draft, Messages
from deploy.local.discord.state.reactions import Reactions

STILL_THERE_SECONDS = 15


class MemberApi:
    """Reads and acts in a member's name, which every request gives as `member`."""

    def __init__(
        self,
        *,
        world: World,
        hub: Hub,
        messages: Messages,
        reactions: Reactions,
        acts: MemberActs,
        gateway: Gateway,
    ) -> None:
        self._world, self._hub, self._messages = world, hub, messages
        self._reactions, self._acts, self._gateway = reactions, acts, gateway

    def routes(self) -> list[web.RouteDef]:
        """The routes of this file."""
        reaction = "/local/messages/{message}/reactions/{emoji}"
        return [
            web.get("/local/state", self.state),
            web.get("/local/commands", self.commands),
            web.get("/local/channels/{channel}/messages", self.history),
            web.post("/local/channels/{channel}/messages", self.post),
            web.get("/local/messages/{message}", self.message),
            web.delete("/local/messages/{message}", self.dismiss),
            web.put(reaction, self.react),
            web.delete(reaction, self.unreact),
            web.post("/local/attachments", self.upload),
            web.post("/local/interactions", self.interact),
            web.get("/local/interactions/{interaction}", self.outcome),
            web.get("/local/events", self.events),
            web.post("/local/direct", self.direct),
        ]

    async def state(self, request: web.Request) -> web.Response:
        """Guild, channels that this member (or else the owner) sees, people, bot, last event."""
        member = _member(request) or self._world.guild["owner_id"]
        seen = [
            {**channel, "permissions": str(self._world.permissions(member, channel))}
            for channel in self._world.channels
            if self._world.permissions(member, channel) & Permission.VIEW_CHANNEL
        ]
        people = [
            {**entry["user"], "locale": entry["locale"], "roles": entry["roles"]}
            for entry in self._world.people()
        ]
        guild = self._world.guild
        return reply(
            {
                "guild": {"id": GUILD, "name": guild["name"], "owner_id": guild["owner_id"]},
                "upload_limit": self._world.upload_limit,
                "channels": seen,
                "members": people,
                "bot": {**self._world.bot, "online": self._gateway.online},
                "event": self._hub.count,
            }
        )

    async def commands(self, request: web.Request) -> web.Response:
        """The commands that this member may use in a channel."""
        member = _member(request)
        channel = self._world.visible(member, request.query["channel"])
        return reply(self._acts.usable(member, channel))

    async def history(self, request: web.Request) -> web.Response:
        """Everything in a channel that this member sees, oldest first."""
        member = _member(request)
        channel = self._world.visible(member, request.match_info["channel"])
        found = self._messages.inside(channel["id"], member)
        return reply([self._messages.shown(entry, member) for entry in found])

    async def message(self, request: web.Request) -> web.Response:
        """One message."""
        return reply(self._messages.shown(self._seen(request), _member(request)))

    def _seen(self, request: web.Request) -> Json:
        member, key = _member(request), request.match_info["message"]
        record = self._messages.record(key)
        self._world.visible(member, record["message"]["channel_id"])
        if record["only"] not in (None, member):
            raise ApiError(*MISSING_PERMISSIONS)
        return record

    async def post(self, request: web.Request) -> web.Response:
        """Say something, with uploads by id: {"member", "content", "attachments": [id]}."""
        fields = (await read(request)).fields
        member = str(fields["member"])
        channel = self._world.visible(member, request.match_info["channel"])
        if not self._world.permissions(member, channel) & Permission.SEND_MESSAGES:
            raise ApiError(*MISSING_PERMISSIONS)
        payload: Json = {"content": fields.get("content", "")}
        payload["attachments"] = [{"id": key} for key in fields.get("attachments", [])]
        record = self._messages.post(member, channel, Draft(payload))
        return reply(self._messages.shown(record, member))

    async def dismiss(self, request: web.Request) -> web.Response:
        """Take away an own or an ephemeral message."""
        record, member = self._seen(request), _member(request)
        if member not in (record["only"], record["message"]["author"]["id"]):
            raise ApiError(*MISSING_PERMISSIONS)
        self._messages.delete(record)
        return nothing()

    async def react(self, request: web.Request) -> web.Response:
        """Put a reaction under a message."""
        self._reactions.add(_member(request), self._seen(request), request.match_info["emoji"])
        return nothing()

    async def unreact(self, request: web.Request) -> web.Response:
        """Take a reaction back."""
        self._reactions.remove(_member(request), self._seen(request), request.match_info["emoji"])
        return nothing()

    async def upload(self, request: web.Request) -> web.Response:
        """Store files for a command, a modal or a message; gives their attachments."""
        body, limit = await read(request), self._world.upload_limit
        files = self._acts.files
        kept = [
            files.keep(upload, "ephemeral", limit, secret=True)
            for _, upload in sorted(body.uploads.items())
        ]
        return reply([files.shown(entry) for entry in kept])

    async def interact(self, request: web.Request) -> web.Response:
        """Act on the bot; `?wait=1` answers once the bot has, or has missed its 3 seconds."""
        record = self._acts.begin((await read(request)).fields)
        if "wait" in request.query:
            return reply(await self._acts.interactions.outcome(record["id"]))
        return reply({"interaction": record["id"]}, 202)

    async def outcome(self, request: web.Request) -> web.Response:
        """How an interaction was answered; waits until it was."""
        return reply(await self._acts.interactions.outcome(request.match_info["interaction"]))

    async def direct(self, request: web.Request) -> web.Response:
        """The member's private channel with the bot."""
        return reply(self._world.direct(str((await read(request)).fields["member"])))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What happens from now on, or after event `after`, as server-sent events."""
        member = _member(request)
        last = request.headers.get("Last-Event-ID") or request.query.get("after")
        after = int(last) if last else self._hub.count
        if after > self._hub.count:
            after = 0  # the number is from before this server's last start
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await response.write(b": hello\n\n")
        with suppress(ConnectionResetError):
            await self._stream(response, member, after)
        return response

    async def _stream(self, response: web.StreamResponse, member: str, after: int) -> None:
        source = self._hub.follow(after)
        upcoming = asyncio.ensure_future(anext(source))
        try:
            while True:
                done, _ = await asyncio.wait({upcoming}, timeout=STILL_THERE_SECONDS)
                if not done:
                    await response.write(b": still there\n\n")
                    continue
                event = upcoming.result()
                upcoming = asyncio.ensure_future(anext(source))
                if self._hears(member, event):
                    body = {"type": event.type, "channel": event.channel, "data": event.data}
                    text = json.dumps(body, ensure_ascii=False)
                    await response.write(f"id: {event.number}\ndata: {text}\n\n".encode())
        finally:
            upcoming.cancel()

    def _hears(self, member: str, event: Event) -> bool:
        if event.only not in (None, member):
            return False
        if event.channel is None or event.channel not in self._world.channels:
            return True
        channel = self._world.channel(event.channel)
        return bool(self._world.permissions(member, channel) & Permission.VIEW_CHANNEL)


def _member(request: web.Request) -> str:
    return request.query.get("member", "")
