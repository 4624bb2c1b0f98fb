"""A household is a service of its own, whatever the settings of the real one are."""

from __future__ import annotations

from pathlib import Path

from deploy.local.stack.local_stack import Household


async def test_it_takes_no_orders_from_the_real_services_redis(tmp_path: Path) -> None:
    async with Household(tmp_path, {"REDIS_URL": "redis://real:6379/0"}) as household:
        url = household.start_redis()
        assert url.startswith("unix:")
        assert household.start_redis() == household.environ["REDIS_URL"] == url
