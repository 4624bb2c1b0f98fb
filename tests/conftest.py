"""Fixtures that more than one room's tests use."""

from tests.redis_server import fragile_redis, redis_url, shared_redis

__all__ = ["fragile_redis", "redis_url", "shared_redis"]
