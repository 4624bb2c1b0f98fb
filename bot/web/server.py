"""Serves the page until it is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from gradio import routes as gradio_routes

from bot.i18n import Translations
from bot.settings import WebSettings
from bot.studio.studio import Studio
from bot.web.access.access import open_access
from bot.web.app import open_app
from bot.web.orders.live_orders import LiveOrders
from storage.domain.text import printable
from storage.settings import SettingsError
from storage.tasks import first_completed

GRACE_SECONDS = 1
"""What open connections have to end: a browser opens them again."""
UNCOUNTED = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9),
}
"""Gradio tells nobody of its use, and makes no statistics of every event."""


class PageServer(uvicorn.Server):
    """A server whose process handles signals itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def serve_at(self, listener: socket.socket) -> None:
        """Serve until cancelled; then close every connection before the listener is closed."""
        serving = asyncio.create_task(self.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            self.should_exit = True
            await serving


async def serve(
    studio: Studio, settings: WebSettings, texts: Translations, on_ready: Callable[[str], None]
) -> None:
    """Serve the page; call on_ready with its address. Raise SettingsError where it cannot listen.

    What is wrong with the settings of access is a SettingsError, too.
    """
    access, live = open_access(settings), LiveOrders(studio)
    with listening(settings.web_host, settings.web_port) as listener, gradio_folder() as files:
        policy = settings.privacy_policy_url
        async with open_app(studio, live, access, texts, files, policy_url=policy) as app:
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
            on_ready(address_of(listener, settings.web_host))
            await first_completed(PageServer(config).serve_at(listener), live.run())


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen at an address of this machine; raise SettingsError where that is not possible."""
    try:
        [family, *_, address], *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"the page cannot listen at {printable(host)}:{port}: {reason}"
        ) from error
    with listener:
        yield listener


def address_of(listener: socket.socket, host: str) -> str:
    """Return where a browser on this machine finds the page."""
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104
    return f"http://{shown}:{port}/"


@contextlib.contextmanager
def gradio_folder() -> Iterator[Path]:
    """Let Gradio keep its files in a folder that goes with the process, and count nothing.

    It reads this from the environment when a page is built; one name it has read when it was
    imported, and makes a folder there that every person of the machine would have to share.
    """
    before, shared = dict(os.environ), gradio_routes.DEFAULT_TEMP_DIR
    with tempfile.TemporaryDirectory(prefix="mutoscope-gradio-") as folder:
        os.environ.update({"GRADIO_TEMP_DIR": folder, **UNCOUNTED})
        gradio_routes.DEFAULT_TEMP_DIR = folder
        try:
            yield Path(folder)
        finally:
            gradio_routes.DEFAULT_TEMP_DIR = shared
            for name in ("GRADIO_TEMP_DIR", *UNCOUNTED):
                del os.environ[name]
                if name in before:
                    os.environ[name] = before[name]
