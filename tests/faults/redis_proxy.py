"""A TCP proxy before the Redis server, which can be cut, stall, and lose replies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum

CHUNK = 2**16  # bytes
WRITES = (b"EXEC\r\n", b"ZADD\r\n", b"PUBLISH\r\n")
"""Ends of commands whose lost reply leaves a change behind."""


class ProxyMode(Enum):
    """What the proxy does with connections."""

    OPEN = "open"
    CUT = "cut"  # every connection is closed, and none is accepted
    STALLED = "stalled"  # connections stay, and nothing gets through


@dataclass(eq=False)
class ProxyConnection:
    """One client's connection, and whether its latest request changes something."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    writes: bool = False

    def abort(self) -> None:
        """End both sides at once."""
        for writer in (self.client, self.server):
            writer.transport.abort()


class RedisProxy:
    """Forwards a port of its own to the server's unix socket."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._mode = ProxyMode.OPEN
        self._opened = asyncio.Event()
        self._opened.set()
        self._connections: set[ProxyConnection] = set()
        self._replies_to_lose = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The value for REDIS_URL."""
        assert self._server is not None
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def start(self) -> None:
        """Accept connections at any free port of this machine."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Close everything."""
        assert self._server is not None
        self._server.close()
        self._opened.set()
        self._abort_all()

    def set_mode(self, mode: ProxyMode) -> None:
        """Change the mode; connections that had stalled are reset when it ends."""
        if mode is not ProxyMode.STALLED:
            self._abort_all()
        self._mode = mode
        if mode is ProxyMode.STALLED:
            self._opened.clear()
        else:
            self._opened.set()

    def lose_replies(self, count: int) -> None:
        """Let the server do the next so many changes, and close the connection unanswered."""
        self._replies_to_lose = count

    def _abort_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode is ProxyMode.CUT:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            writer.transport.abort()
            return
        connection = ProxyConnection(writer, server_writer)
        self._connections.add(connection)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward_requests(reader, connection))
                group.create_task(self._forward_replies(server_reader, connection))
        except* OSError:
            pass
        finally:
            self._connections.discard(connection)
            connection.abort()

    async def _forward_requests(
        self, reader: asyncio.StreamReader, connection: ProxyConnection
    ) -> None:
        while data := await reader.read(CHUNK):
            await self._opened.wait()
            connection.writes = any(command in data for command in WRITES)
            connection.server.write(data)
            await connection.server.drain()
        raise ConnectionResetError

    async def _forward_replies(
        self, reader: asyncio.StreamReader, connection: ProxyConnection
    ) -> None:
        while data := await reader.read(CHUNK):
            await self._opened.wait()
            if connection.writes and self._replies_to_lose:
                self._replies_to_lose -= 1
                raise ConnectionResetError
            connection.client.write(data)
            await connection.client.drain()
        raise ConnectionResetError
