"""An S3-compatible server for tests, with a bucket for each test."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from itertools import count

import pytest

NUMBERS = count()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of the server; it keeps its objects in memory."""
    server = import_module("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_settings(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a client of the server reads from the environment, in which it is set."""
    settings = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ALLOW_HTTP": "true",
    }
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def s3_url(s3_settings: dict[str, str]) -> str:
    """The BLOB_URL of an empty bucket."""
    name = f"clips-{next(NUMBERS)}"
    request = urllib.request.Request(f"{s3_settings['AWS_ENDPOINT_URL']}/{name}", method="PUT")
    with urllib.request.urlopen(request):
        return f"s3://{name}"
