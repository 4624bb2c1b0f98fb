"""A bot without a library: one who says exactly what a test wants said."""

import json
from io import BytesIO
from typing import Any, Self

import aiohttp

from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import BOT

Json = dict[str, Any]
INTENTS = 1 << 0 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13
ANIMATE: Json = {
    "name": "animate",
    "description": "Make a picture move",
    "options": [{"name": "prompt", "description": "What happens", "type": 3, "required": True}],
}


class Wire:
    """The raw HTTP API and gateway of the server."""

    def __init__(self, server: LocalDiscord, *, token: str = "local") -> None:
        self.server, self.token = server, token
        self.session = aiohttp.ClientSession()
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.number = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def connect(self) -> Json:
        """Open the gateway and hear its hello."""
        self.socket = await self.session.ws_connect(self.server.gateway_url)
        return await self.hear()

    async def hear(self) -> Json:
        """The next frame; a close is an AssertionError."""
        assert self.socket is not None
        message = await self.socket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.TEXT, f"closed with {self.socket.close_code}"
        body: Json = json.loads(message.data)
        self.number = body["s"] or self.number
        return body

    async def closed_with(self) -> int | None:
        """The code with which the server closes."""
        assert self.socket is not None
        while (await self.socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code

    async def send(self, op: int, data: object) -> None:
        assert self.socket is not None
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def identify(self, intents: int = INTENTS) -> Json:
        """Connect and identify; gives READY's data."""
        await self.connect()
        await self.send(2, {"token": self.token, "intents": intents, "properties": {}})
        ready: Json = (await self.hear())["d"]
        await self.hear()
        return ready

    async def event(self, kind: str) -> Json:
        """The data of the next dispatch of that kind."""
        while True:
            body = await self.hear()
            if body["t"] == kind:
                data: Json = body["d"]
                return data

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request as the bot; the status and the JSON."""
        headers = {"Authorization": f"Bot {self.token}"}
        url = self.server.api_url + path
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            assert answer.status == 204 or answer.headers["Content-Type"] == "application/json"
            return answer.status, await answer.json() if answer.status != 204 else None

    async def post(self, path: str, body: Json, *files: bytes) -> tuple[int, Any]:
        """One request with files, as the bot."""
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
        status, _ = await self.ask("PUT", f"/applications/{BOT}/commands", list(commands))
        assert status == 200

    async def answer(
        self, interaction: Json, kind: int, data: Json | None = None
    ) -> tuple[int, Any]:
        """Acknowledge an interaction."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback?with_response=1"
        return await self.ask("POST", path, {"type": kind, "data": data or {}})
