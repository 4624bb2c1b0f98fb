"""Fixtures that tests of more than one package use."""

from hypothesis import HealthCheck, settings

from tests.support.discord.browser import browser
from tests.support.redis_server import redis_url, restartable_redis, shared_redis
from tests.support.stores.postgres_server import (
    migrated_postgres_url,
    postgres,
    postgres_template,
    postgres_url,
)
from tests.support.stores.s3_server import s3_endpoint, s3_settings, s3_url

__all__ = [
    "browser",
    "migrated_postgres_url",
    "postgres",
    "postgres_template",
    "postgres_url",
    "redis_url",
    "restartable_redis",
    "s3_endpoint",
    "s3_settings",
    "s3_url",
    "shared_redis",
]

# A busy machine makes every example slow, which says nothing about the code.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
