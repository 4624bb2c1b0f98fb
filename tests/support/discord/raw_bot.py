"""A bot without a library, which sends exactly what a test wants to be sent."""

import json
from io import BytesIO
from typing import Any, Self

import aiohttp

from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import BOT

INTENTS = 1 << 0 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13
ANIMATE: Json = {
    "name": "animate",
    "description": "Make a picture move",
    "options": [{"name": "prompt", "description": "What happens", "type": 3, "required": True}],
}


class RawBot:
    """Raw access to the server's REST API and gateway."""

    def __init__(self, server: LocalDiscord, *, token: str = "local") -> None:
        self.server, self.token = server, token
        self.session = aiohttp.ClientSession()
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.sequence = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def connect(self) -> Json:
        """Open the gateway and return its HELLO."""
        self.socket = await self.session.ws_connect(self.server.gateway_url)
        return await self.receive()

    async def receive(self) -> Json:
        """Return the next frame; a close is an AssertionError."""
        assert self.socket is not None
        message = await self.socket.receive(timeout=60)
        assert message.type is aiohttp.WSMsgType.TEXT, f"closed with {self.socket.close_code}"
        body: Json = json.loads(message.data)
        self.sequence = body["s"] or self.sequence
        return body

    async def closed_with(self) -> int | None:
        """Return the code with which the server closes."""
        assert self.socket is not None
        while (await self.socket.receive(timeout=60)).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code

    async def send(self, op: int, data: object) -> None:
        assert self.socket is not None
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def identify(self, intents: int = INTENTS, shard: tuple[int, int] | None = None) -> Json:
        """Connect and identify; return READY's data, once each guild in it was received."""
        await self.connect()
        identity = {"token": self.token, "intents": intents, "properties": {}}
        await self.send(2, identity | ({"shard": shard} if shard else {}))
        ready: Json = (await self.receive())["d"]
        for _ in ready["guilds"]:
            await self.receive()
        return ready

    async def event(self, kind: str) -> Json:
        """Return the data of the next dispatch of this type."""
        while True:
            body = await self.receive()
            if body["t"] == kind:
                data: Json = body["d"]
                return data

    async def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request as the bot; return the status and the JSON."""
        headers = {"Authorization": f"Bot {self.token}"}
        url = self.server.api_url + path
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            assert answer.status == 204 or answer.headers["Content-Type"] == "application/json"
            return answer.status, await answer.json() if answer.status != 204 else None

    async def post(self, path: str, body: Json, *files: bytes) -> tuple[int, Any]:
        """Send a request with files as the bot."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", json.dumps(body), content_type="application/json")
        for number, data in enumerate(files):
            form.add_field(f"files[{number}]", BytesIO(data), filename=f"clip{number}.mp4")
        headers = {"Authorization": f"Bot {self.token}"}
        async with self.session.post(
            self.server.api_url + path, data=form, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def register(self, *commands: Json) -> None:
        status, _ = await self.request("PUT", f"/applications/{BOT}/commands", list(commands))
        assert status == 200

    async def answer(
        self, interaction: Json, kind: int, data: Json | None = None
    ) -> tuple[int, Any]:
        """Acknowledge an interaction."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback?with_response=1"
        return await self.request("POST", path, {"type": kind, "data": data or {}})

    async def receive_command(self, member: MemberClient) -> Json:
        """Let a member use /animate; return the interaction."""
        command = {"channel": member.channel, "name": "animate", "options": {"prompt": "x"}}
        action = {"type": "command", "member": member.user_id, **command}
        await member.call("POST", "/local/interactions", action)
        return await self.event("INTERACTION_CREATE")

    async def answer_command(self, member: MemberClient, data: Json) -> tuple[Json, Json]:
        """Let a member use /animate and answer it; return the interaction and the message."""
        interaction = await self.receive_command(member)
        _, response = await self.answer(interaction, 4, data)
        return interaction, response["resource"]["message"]
