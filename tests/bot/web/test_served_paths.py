"""Of Gradio's routes those are open that the page needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.web.served_paths import is_served
from tests.support.web.served_page import ServedPage


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/", True),
        ("/config/", True),
        ("/mutoscope/orders", True),
        ("/gradio_api/queue/join", True),
        ("/gradio_api/call/order/0", True),
        ("/gradio_api/file=/tmp/files/a/clip.mp4", True),
        ("/gradio_api/file=/tmp/files/../secret", False),
        ("/gradio_api/file=/tmp/files2/secret", False),
        ("/gradio_api/file=http://127.0.0.1/", False),
        ("/gradio_api/file/tmp/files/a/clip.mp4", False),
        ("/gradio_api/proxy=http://127.0.0.1/", False),
        ("/gradio_api/process_recording", False),
        ("/gradio_api/component_server", False),
        ("/gradio_api/run/predict", True),
        ("/monitoring", False),
        ("/login", False),
        ("//gradio_api/process_recording", False),
    ],
)
def test_what_nobody_needs_is_not_served(path: str, served: bool) -> None:
    assert is_served(path, Path("/tmp/files")) is served


@pytest.mark.asyncio(loop_scope="session")
async def test_the_page_asks_before_gradio_does(served: ServedPage) -> None:
    async with ClientSession(served.url) as session:
        for path in ("/gradio_api/file=http://127.0.0.1:9/", "/gradio_api/process_recording"):
            async with session.post(path) as answer:
                assert (answer.status, await answer.text()) == (404, "There is nothing here.")
