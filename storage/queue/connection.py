"""Connections to Redis that both ends of the queue share."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from typing import Any
from urllib.parse import urlsplit

from arq.connections import ArqRedis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from storage.domain.text import printable
from storage.settings import SettingsError

log = logging.getLogger(__name__)

LOGIN_SECONDS = 3.0
RECONNECT_SECONDS = 0.2
CONNECTION_ERRORS = (RedisError, OSError, asyncio.TimeoutError)
SCHEMES = {"redis": "redis", "rediss": "rediss", "unix": "unix"} | {
    "valkey": "redis",
    "valkeys": "rediss",
}


def checked_url(url: str) -> str:
    """Return a REDIS_URL as redis-py takes it; raise SettingsError, which shows no password."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise SettingsError("REDIS_URL does not begin with redis://, rediss:// or unix://")
    # Hosters write the names of Python's constants, which redis-py does not know.
    rest = re.sub(r"\bssl_cert_reqs=CERT_(\w+)", lambda found: found[0].lower(), rest)
    checked = f"{SCHEMES[scheme.lower()]}://{rest.replace('=cert_', '=')}"
    if not _is_readable(checked):
        raise SettingsError(
            "REDIS_URL cannot be read; it is redis://USER:PASSWORD@HOST:PORT/NUMBER, and in the"
            " password # is written as %23, / as %2F, ? as %3F, @ as %40, : as %3A"
        )
    try:
        # It is made as connections will be, without connecting.
        ArqRedis.from_url(checked).connection_pool.make_connection()
    except (ValueError, TypeError, AttributeError, RedisError) as error:
        raise SettingsError("REDIS_URL has a parameter that redis-py does not take") from error
    return checked


def _is_readable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.fragment:
        return False
    if parts.scheme == "unix":
        return bool(parts.path)
    # Without any host (redis:///0) it is this machine.
    named = bool(parts.hostname) or not parts.netloc
    return named and port != 0 and re.fullmatch(r"/?[0-9]*", parts.path) is not None


def place_of(url: str) -> str:
    """Return where a REDIS_URL leads, without user and password."""
    parts = urlsplit(checked_url(url))
    if parts.scheme == "unix":
        return printable(parts.path)
    return printable(f"{parts.hostname or 'localhost'}:{parts.port or 6379}")


def connect_redis(url: str) -> ArqRedis:
    """Return a client that connects when it is first used and speaks JSON; raise SettingsError.

    It has no socket_timeout: redis-py would use asyncio.wait_for, which on Python 3.11 may swallow
    a cancellation. Dead peers are found by the kernel instead.
    """
    options: dict[str, Any] = {"socket_connect_timeout": 2, "health_check_interval": 5}
    url = checked_url(url)
    if not url.startswith("unix:"):
        options |= {"socket_keepalive": True, "socket_keepalive_options": _keepalive()}
    client: ArqRedis = ArqRedis.from_url(url, **options)
    client.job_serializer = write_json
    client.job_deserializer = json.loads
    return client


async def check_login(url: str) -> None:
    """Raise SettingsError where Redis refuses the login; only log it where Redis is away."""
    client = connect_redis(url)
    try:
        async with asyncio.timeout(LOGIN_SECONDS):
            await client.ping()
    except CONNECTION_ERRORS as error:
        # redis-py raises a ConnectionError from what it was answered while it connected.
        if isinstance(error.__cause__ or error, AuthenticationError | ResponseError):
            raise SettingsError(
                f"REDIS_URL: Redis at {place_of(url)} refuses it: {error}"
            ) from error
        reason = str(error) or "no answer in time"
        log.warning("Redis at %s is away and is waited for: %s", place_of(url), reason)
    finally:
        await client.aclose(close_connection_pool=True)


def _keepalive() -> dict[int, int]:
    """Return the TCP options by which a connection to a dead peer ends within about 15 seconds."""
    wanted = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}


def write_json(data: dict[str, Any]) -> bytes:
    """Return an arq job as JSON; pickle would let anyone who writes to Redis run code."""
    return json.dumps(data).encode()
