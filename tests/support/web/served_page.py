"""The page over a test's backend, on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.i18n import Translations
from bot.settings import WebSettings
from bot.web.server import serve
from tests.support.backend import Backend


@dataclass(frozen=True, slots=True)
class ServedPage:
    """A page that is served, and the backend behind it."""

    url: str
    backend: Backend


@contextlib.asynccontextmanager
async def served_page(
    backend: Backend, *locales: str, **settings: str
) -> AsyncIterator[ServedPage]:
    """Serve the page in this process, in English or in these languages.

    settings are those of the page, as environment variables.
    """
    wanted = WebSettings.from_environment({"WEB_PORT": "0", **settings})
    known = Translations.load()
    texts = Translations({name: known.locales[name] for name in locales or ("en",)})
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(backend.studio, wanted, texts, ready.set_result))
    serving.add_done_callback(lambda _: ready.done() or ready.cancel())
    try:
        await ready
    except asyncio.CancelledError:
        serving.result()  # raises why it does not serve
        raise
    try:
        yield ServedPage(ready.result(), backend)
    finally:
        if serving.done():
            serving.result()  # raises why it serves no more
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
