"""The proxy forwards, and breaks connections in each of its ways."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from deploy.local.stack.redis_server import start_redis
from tests.faults.redis_proxy import ProxyMode, RedisProxy


@pytest_asyncio.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[RedisProxy]:
    server = start_redis(tmp_path)
    proxy = RedisProxy(server.url.removeprefix("unix://").partition("?")[0])
    await proxy.start()
    yield proxy
    await proxy.stop()
    server.stop()


@pytest_asyncio.fixture
async def client(proxy: RedisProxy) -> AsyncIterator[Redis]:
    async with Redis.from_url(proxy.url, socket_timeout=0.3) as client:
        yield client


async def test_it_forwards(client: Redis) -> None:
    await client.set("name", "x" * 100_000)
    assert await client.get("name") == b"x" * 100_000


async def test_a_cut_ends_connections_and_refuses_others(proxy: RedisProxy, client: Redis) -> None:
    await client.set("name", "1")
    proxy.set_mode(ProxyMode.CUT)
    with pytest.raises(RedisError):
        await client.get("name")
    proxy.set_mode(ProxyMode.OPEN)
    assert await client.get("name") == b"1"


async def test_a_stalled_connection_does_not_answer(proxy: RedisProxy, client: Redis) -> None:
    await client.set("name", "1")
    proxy.set_mode(ProxyMode.STALLED)
    with pytest.raises(RedisError, match="Timeout"):
        await client.get("name")
    proxy.set_mode(ProxyMode.OPEN)
    assert await client.get("name") == b"1"


async def test_a_change_whose_reply_is_lost_is_made(proxy: RedisProxy, client: Redis) -> None:
    await client.get("name")
    proxy.lose_replies(1)
    async with client.pipeline(transaction=True) as pipe:
        pipe.incr("number")
        with pytest.raises(RedisConnectionError):
            await pipe.execute()
    assert await client.get("number") == b"1"
