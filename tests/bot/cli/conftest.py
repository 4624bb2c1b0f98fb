"""The command line finds nothing of the machine's own service in the environment."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the addresses of a service that this machine may have."""
    for name in ("DATABASE_URL", "REDIS_URL", "BLOB_URL"):
        monkeypatch.delenv(name, raising=False)
