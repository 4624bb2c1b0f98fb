"""A real Redis protocol server for the tests: one for all of them, or one to be ill-treated."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from deploy.local.stack.redis_server import RedisServer, start_redis


class FragileRedis:
    """A server that a test may take away and bring back under the same url."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: RedisServer | None = start_redis(folder)
        self.url = self._server.url

    def stop(self, kill: bool = False) -> None:
        if self._server is not None:
            self._server.stop(kill=kill)
            self._server = None

    def start(self) -> None:
        self._server = start_redis(self._folder)

    def empty(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="mutoscope-redis-") as folder:
        server = start_redis(Path(folder))
        yield server.url
        server.stop()


@pytest.fixture
def redis_url(shared_redis: str) -> str:
    """The url of a running server that holds nothing."""
    with redis.Redis.from_url(shared_redis) as client:
        client.flushall()
    return shared_redis


@pytest.fixture
def fragile_redis() -> Iterator[FragileRedis]:
    """A server of the test's own."""
    with tempfile.TemporaryDirectory(prefix="mutoscope-redis-") as folder:
        server = FragileRedis(Path(folder))
        yield server
        server.stop()
