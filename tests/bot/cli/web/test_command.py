"""`mutoscope web --page-only` serves the page of a service whose parts run elsewhere."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from bot.cli.invocation import Invocation
from bot.cli.web import command
from deploy.local.stack.ports import free_port
from tests.support.backend import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEADER = "X-Remote-User"


async def test_it_starts_nothing_and_its_health_is_asked_of_the_process(
    tmp_path: Path,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    logged: list[tuple[str, str]] = []

    def never(*_: Any) -> None:
        raise AssertionError("something else is started")

    monkeypatch.setattr(command, "open_sidecar", never)
    monkeypatch.setattr(command, "set_up_logging", lambda *how: logged.append(how))
    port = free_port()
    environ = {
        **{"MUTOSCOPE_HOME": str(tmp_path), "REDIS_URL": redis_url, "METRICS_PORT": str(port)},
        **{"WEB_USER_HEADER": HEADER, "WEB_TRUSTED_PROXIES": "127.0.0.1", "LOG_FORMAT": "json"},
    }
    invocation = Invocation.read(["web", "--page-only", "--port", "0"], environ)
    serving = asyncio.create_task(command.web(invocation))
    async with ClientSession() as session:

        async def is_ready() -> bool:
            assert not serving.done(), serving.result()
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    return answer.status == 200
            except ClientError:
                return False

        await until(is_ready)
        url = capsys.readouterr().out.partition("page: ")[2].strip()
        async with session.get(url, headers={HEADER: "ada"}) as answer:
            assert answer.status == 200
        async with session.get(url) as answer:
            assert answer.status == 401
    assert logged == [("json", "INFO")]
    signal.raise_signal(signal.SIGTERM)
    assert await serving == 0
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().remove_signal_handler(number)
