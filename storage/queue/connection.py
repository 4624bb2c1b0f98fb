"""Connections to Redis that both ends of the queue share."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from storage.queue.messages import QUEUE

RECONNECT_SECONDS = 0.2
CONNECTION_ERRORS = (RedisError, OSError, asyncio.TimeoutError)


def connect_redis(url: str) -> ArqRedis:
    """Return a client that connects when it is first used and speaks JSON.

    It has no socket_timeout: redis-py would use asyncio.wait_for, which on Python 3.11 may swallow
    a cancellation. Dead peers are found by the kernel instead.
    """
    options: dict[str, Any] = {"socket_connect_timeout": 2, "health_check_interval": 5}
    if not url.startswith("unix:"):
        options |= {"socket_keepalive": True, "socket_keepalive_options": _keepalive()}
    client: ArqRedis = ArqRedis.from_url(url, **options)
    client.job_serializer = write_json
    client.job_deserializer = json.loads
    client.default_queue_name = QUEUE
    return client


def _keepalive() -> dict[int, int]:
    """Return the TCP options by which a connection to a dead peer ends within about 15 seconds."""
    wanted = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}


def write_json(data: dict[str, Any]) -> bytes:
    """Return an arq job as JSON; pickle would let anyone who writes to Redis run code."""
    return json.dumps(data).encode()
