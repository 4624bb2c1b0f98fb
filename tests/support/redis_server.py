"""Redis protocol servers for tests: one shared by all, or one that a test may stop and start."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from deploy.local.stack.redis_server import RedisServer, start_redis


class RestartableRedis:
    """A server that can be stopped and started again at the same url."""

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
    """The url of a running server without any data."""
    with redis.Redis.from_url(shared_redis) as client:
        client.flushall()
    return shared_redis


@pytest.fixture
def restartable_redis() -> Iterator[RestartableRedis]:
    """A server for one test alone."""
    with tempfile.TemporaryDirectory(prefix="mutoscope-redis-") as folder:
        server = RestartableRedis(Path(folder))
        yield server
        server.stop()
