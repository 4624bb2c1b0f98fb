"""Fixtures that tests of more than one package use."""

from tests.support.discord.browser import browser
from tests.support.redis_server import redis_url, restartable_redis, shared_redis

__all__ = ["browser", "redis_url", "restartable_redis", "shared_redis"]
