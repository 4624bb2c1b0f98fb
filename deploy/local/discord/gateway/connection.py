"""One WebSocket of the gateway, from hello to close."""

import asyncio
import json
from contextlib import suppress

from aiohttp import WSMsgType, web

from deploy.local.discord import Json
from deploy.local.discord.gateway.sessions import HEARTBEAT_MS, PRIVILEGED, Gateway, Session
from deploy.local.discord.wire_log import Recorder

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, BAD_TOKEN, ALREADY = 4001, 4002, 4003, 4004, 4005
TIMED_OUT, DISALLOWED_INTENTS = 4009, 4014
GOODBYES = frozenset({1000, 1001})


class Connection:
    """Speaks the gateway's protocol with one client."""

    def __init__(self, gateway: Gateway, recorder: Recorder, token: str) -> None:
        self._gateway, self._recorder, self._token = gateway, recorder, token
        self._socket = web.WebSocketResponse(autoping=True, max_msg_size=0)
        self._session: Session | None = None
        self._pump: asyncio.Task[None] | None = None
        self._sent_away = False

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the client until it goes."""
        await self._socket.prepare(request)
        await self._send({"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        try:
            await self._listen()
        finally:
            if self._pump:
                self._pump.cancel()
                with suppress(asyncio.CancelledError):
                    await self._pump
            if self._session:
                goodbye = self._socket.close_code in GOODBYES and not self._sent_away
                self._gateway.leave(self._session, for_good=goodbye)
        return self._socket

    async def close(self) -> None:
        """Send the client away, as a restart of Discord does."""
        self._sent_away = True
        await self._socket.close(code=4000)

    async def _listen(self) -> None:
        while not self._socket.closed:
            try:
                message = await self._socket.receive(timeout=HEARTBEAT_MS / 1000 * 1.5)
            except TimeoutError:
                await self._socket.close(code=TIMED_OUT)
                return
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            try:
                body = json.loads(message.data)
            except ValueError:
                body = None
            if not isinstance(body, dict):
                await self._socket.close(code=DECODE_ERROR)
                return
            await self._take(body)

    async def _take(self, body: Json) -> None:
        operation, data = body.get("op"), body.get("d")
        if operation == HEARTBEAT:
            await self._send({"op": HEARTBEAT_ACK})
        elif operation == IDENTIFY:
            await self._identify(data or {})
        elif operation == RESUME:
            await self._resume(data or {})
        elif self._session is None:
            await self._socket.close(code=NOT_AUTHENTICATED)
        elif operation not in (PRESENCE, VOICE, REQUEST_MEMBERS):
            await self._socket.close(code=UNKNOWN_OPCODE)

    async def _identify(self, data: Json) -> None:
        if self._session is not None:
            await self._socket.close(code=ALREADY)
        elif data.get("token", "").removeprefix("Bot ") != self._token:
            await self._socket.close(code=BAD_TOKEN)
        elif int(data.get("intents", 0)) & PRIVILEGED:
            await self._socket.close(code=DISALLOWED_INTENTS)
        else:
            session = self._gateway.identify(int(data.get("intents", 0)), data.get("shard"))
            self._attach(session, 0)

    async def _resume(self, data: Json) -> None:
        if data.get("token", "").removeprefix("Bot ") != self._token:
            await self._socket.close(code=BAD_TOKEN)
            return
        after = int(data.get("seq") or 0)
        session = self._gateway.resume(str(data.get("session_id")), after)
        if session is None:
            await self._send({"op": INVALID_SESSION, "d": False})
        else:
            self._attach(session, after)

    def _attach(self, session: Session, after: int) -> None:
        self._session = session
        self._pump = asyncio.create_task(self._send_events(session, after))

    async def _send_events(self, session: Session, after: int) -> None:
        with suppress(ConnectionError):
            while True:
                session.news.clear()
                for number, event in [entry for entry in session.log if entry[0] > after]:
                    await self._send(event)
                    after = number
                if after == session.count:
                    await session.news.wait()

    async def _send(self, body: Json) -> None:
        if body["op"] == DISPATCH:
            self._recorder.event(body["t"], body["d"])
        await self._socket.send_str(json.dumps({"s": None, "t": None, "d": None, **body}))
