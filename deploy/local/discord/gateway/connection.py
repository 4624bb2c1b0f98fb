"""WebSocket connections of the gateway, from HELLO to close."""

import asyncio
import json
from contextlib import suppress

from aiohttp import WSMsgType, web

from deploy.local.discord import Json
from deploy.local.discord.gateway.sessions import GUILD_MEMBERS, Gateway, GatewaySession, Shard
from deploy.local.discord.state.world import World
from deploy.local.discord.wire_log import WireLog

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
IGNORED = (PRESENCE, VOICE, REQUEST_MEMBERS)
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED = 4001, 4002, 4003
AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED = 4004, 4005
SESSION_TIMED_OUT, INVALID_SHARD, SHARDING_REQUIRED, DISALLOWED_INTENTS = 4009, 4010, 4011, 4014
RECONNECT = 4000
ENDS_SESSION = frozenset({1000, 1001})
"""Close codes after which a client does not resume."""
PRIVILEGED_INTENTS = GUILD_MEMBERS | 1 << 8 | 1 << 15
HEARTBEAT_MS = 41_250


class GatewayEndpoint:
    """The route of the gateway, with the connections that are open."""

    def __init__(self, gateway: Gateway, wire_log: WireLog, world: World) -> None:
        self._gateway, self._wire_log, self._world = gateway, wire_log, world
        self._open: set[GatewayConnection] = set()

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one client until it disconnects."""
        if self._world.gateway_closed:
            return web.Response(status=503)
        connection = GatewayConnection(self._gateway, self._wire_log, self._world)
        self._open.add(connection)
        try:
            return await connection.run(request)
        finally:
            self._open.discard(connection)

    async def drop_connections(self, code: int = RECONNECT) -> None:
        """Close every connection; with the default code the sessions can be resumed."""
        for connection in list(self._open):
            await connection.drop(code)

    def silence_connections(self) -> None:
        """Leave every connection open and say nothing on it, as a half-open network does."""
        for connection in self._open:
            connection.silence()


class GatewayConnection:
    """Speaks the gateway's protocol with one client."""

    def __init__(self, gateway: Gateway, wire_log: WireLog, world: World) -> None:
        self._gateway, self._wire_log, self._world = gateway, wire_log, world
        self._socket = web.WebSocketResponse(autoping=True, max_msg_size=0)
        self._session: GatewaySession | None = None
        self._sender: asyncio.Task[None] | None = None
        self._dropped = False
        self._silent = False

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the client until it disconnects."""
        await self._socket.prepare(request)
        await self._send({"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        try:
            await self._receive()
        finally:
            if self._sender:
                self._sender.cancel()
                with suppress(asyncio.CancelledError):
                    await self._sender
            if self._session:
                resumable = self._dropped or self._socket.close_code not in ENDS_SESSION
                self._gateway.disconnect(self._session, resumable=resumable)
        return self._socket

    def silence(self) -> None:
        """Neither send nor answer anything from now on; the session can be resumed elsewhere."""
        self._silent = True
        if self._sender:
            self._sender.cancel()
        if self._session:
            self._gateway.disconnect(self._session, resumable=True)
            self._session = None

    async def drop(self, code: int) -> None:
        """Close the connection from the server's side."""
        self._dropped = True
        await self._socket.close(code=code)

    async def _receive(self) -> None:
        while not self._socket.closed:
            try:
                message = await self._socket.receive(timeout=HEARTBEAT_MS / 1000 * 1.5)
            except TimeoutError:
                await self._socket.close(code=SESSION_TIMED_OUT)
                return
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            if self._silent:
                continue
            try:
                body = json.loads(message.data)
            except ValueError:
                body = None
            if not isinstance(body, dict):
                await self._socket.close(code=DECODE_ERROR)
                return
            await self._handle(body)

    async def _handle(self, body: Json) -> None:
        operation, data = body.get("op"), body.get("d")
        if operation == HEARTBEAT:
            await self._send({"op": HEARTBEAT_ACK})
        elif operation == IDENTIFY:
            await self._identify(data or {})
        elif operation == RESUME:
            await self._resume(data or {})
        elif self._session is None:
            await self._socket.close(code=NOT_AUTHENTICATED)
        elif operation not in IGNORED:
            await self._socket.close(code=UNKNOWN_OPCODE)

    async def _identify(self, data: Json) -> None:
        shard = None
        if self._session is not None:
            await self._socket.close(code=ALREADY_AUTHENTICATED)
            return
        if not self._has_token(data):
            await self._socket.close(code=AUTHENTICATION_FAILED)
            return
        if "shard" in data:
            try:
                shard = Shard.read(data["shard"])
            except ValueError:
                await self._socket.close(code=INVALID_SHARD)
                return
        intents, fewest = int(data.get("intents", 0)), self._world.shards
        if self._world.sharding_required and (shard is None or shard.count < fewest):
            await self._socket.close(code=SHARDING_REQUIRED)
        elif intents & PRIVILEGED_INTENTS & ~self._allowed_intents():
            await self._socket.close(code=DISALLOWED_INTENTS)
        elif not self._gateway.may_identify(shard or Shard()):
            await self._send({"op": INVALID_SESSION, "d": False})
        else:
            self._attach(self._gateway.identify(intents, shard), 0)

    def _allowed_intents(self) -> int:
        """Return the privileged intents that are switched on for the application."""
        return GUILD_MEMBERS if self._world.members_intent else 0

    async def _resume(self, data: Json) -> None:
        if not self._has_token(data):
            await self._socket.close(code=AUTHENTICATION_FAILED)
            return
        after = int(data.get("seq") or 0)
        session = self._gateway.resume(str(data.get("session_id")), after)
        if session is None:
            await self._send({"op": INVALID_SESSION, "d": False})
        else:
            self._attach(session, after)

    def _has_token(self, data: Json) -> bool:
        token: str = data.get("token", "")
        return token.removeprefix("Bot ") == self._world.token

    def _attach(self, session: GatewaySession, after: int) -> None:
        self._session = session
        self._sender = asyncio.create_task(self._send_events(session, after))

    async def _send_events(self, session: GatewaySession, after: int) -> None:
        with suppress(ConnectionError):
            while True:
                session.added.clear()
                for number, event in [entry for entry in session.log if entry[0] > after]:
                    await self._send(event)
                    after = number
                if after == session.sequence:
                    await session.added.wait()

    async def _send(self, body: Json) -> None:
        if body["op"] == DISPATCH:
            self._wire_log.record(kind="event", event=body["t"], data=body["d"])
        await self._socket.send_str(json.dumps({"s": None, "t": None, "d": None, **body}))
