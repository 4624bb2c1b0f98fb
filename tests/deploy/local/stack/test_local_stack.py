"""A local stack uses no settings of another service."""

from __future__ import annotations

from pathlib import Path

from deploy.local.stack.local_stack import LocalStack


async def test_it_starts_a_redis_of_its_own(tmp_path: Path) -> None:
    async with LocalStack(tmp_path, {"REDIS_URL": "redis://real:6379/0"}) as stack:
        url = stack.start_redis(tmp_path / "redis")
        assert url.startswith("unix:")
        assert stack.start_redis(tmp_path / "redis") == stack.environ["REDIS_URL"] == url
