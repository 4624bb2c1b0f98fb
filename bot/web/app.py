"""The whole page as an ASGI application: Gradio's page in each language, and what it loads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.i18n import Translations
from bot.studio.studio import Studio
from bot.web.access.access import Access, LoginAccess
from bot.web.access.login_page import LoginPage
from bot.web.account.account_routes import AccountRoutes
from bot.web.files.pictures import MAX_BYTES, PictureUploads
from bot.web.files.script_files import ScriptFiles
from bot.web.files.script_uploads import ScriptUploads
from bot.web.form.context import PageContext
from bot.web.form.page import PageForm
from bot.web.guard import Guard
from bot.web.language import preferred
from bot.web.markup import PREFIX
from bot.web.orders.live_orders import LiveOrders
from bot.web.routes import PageRoutes
from bot.web.words import Words
from storage.domain.errors import Unavailable

FONTS = ("system-ui", "-apple-system", "Segoe UI", "PingFang SC", "Noto Sans", "sans-serif")
READABLE = {
    "block_title_background_fill": "none",
    "block_title_background_fill_dark": "none",
    "block_title_text_color": "*body_text_color",
    "block_title_text_color_dark": "*body_text_color",
    "block_title_padding": "0",
    "body_text_color_subdued": "*neutral_600",
    "body_text_color_subdued_dark": "*neutral_300",
    "block_info_text_color": "*neutral_600",
    "block_info_text_color_dark": "*neutral_300",
    "input_placeholder_color": "*neutral_500",
    "input_placeholder_color_dark": "*neutral_400",
    "input_border_color": "*neutral_300",
    "input_border_width": "1px",
    "checkbox_border_color": "*neutral_500",
    "checkbox_border_color_dark": "*neutral_400",
}
"""What the theme is changed in, so that everything has enough contrast."""
QUEUE_SECONDS = 0.1
SCRIPTS = ("page.js", "camera_path.js", "account.js")
HEAD = "".join(f'<script src="{PREFIX}/static/{name}"></script>' for name in SCRIPTS)


class LanguageSwitch:
    """Hands each request to the page in its browser's language."""

    def __init__(self, pages: dict[str, ASGIApp], texts: Translations) -> None:
        self._pages = pages
        self._texts = texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        locale = preferred(Headers(scope=scope), self._texts)
        await self._pages[locale](scope, receive, send)


@dataclass(frozen=True, slots=True)
class Outage:
    """Answers in words where the database, the queue or the store is away."""

    texts: Translations

    async def __call__(self, request: Request, error: Exception) -> Response:
        """Return the answer to a request that ended with Unavailable."""
        assert isinstance(error, Unavailable)
        said = self.texts.error(preferred(request.headers, self.texts), error)
        return PlainTextResponse(said, 503, headers={"Cache-Control": "no-store"})


@contextlib.asynccontextmanager
async def open_app(
    studio: Studio,
    live: LiveOrders,
    access: Access,
    texts: Translations,
    files: Path,
    *,
    policy_url: str = "",
) -> AsyncIterator[ASGIApp]:
    """Yield the application; files is a folder for what is sent to scripts.

    policy_url, where not empty, is the operator's privacy policy.
    """
    async with contextlib.AsyncExitStack() as stack:
        uploads, sent = stack.enter_context(PictureUploads()), ScriptFiles(files)
        for kept in (uploads, sent):
            stack.callback(asyncio.create_task(kept.expire_forever()).cancel)

        async def forget(owner: str, asked: float) -> None:
            """Drop what is in memory and in files of a person who was erased."""
            live.forget_person(owner, asked)
            await uploads.forget_all(owner, asked)
            await sent.forget_all(owner, asked)

        stack.callback(studio.privacy.notices.listen(forget))
        pages: dict[str, ASGIApp] = {}
        words = Words(texts, texts.default, studio.admission)
        for locale in texts.locales:
            own = replace(words, locale=locale)
            context = PageContext(studio, live, uploads, own, sent)
            blocks = PageForm(context).build()
            page = gradio_page(blocks, access)
            await stack.enter_async_context(page.router.lifespan_context(page))
            stack.callback(calm(blocks))
            pages[locale] = page
        routes = [*PageRoutes(studio, texts, access, live, uploads).routes()]
        routes += AccountRoutes(studio, texts, access, policy_url).routes()
        routes += ScriptUploads(texts, access, sent).routes()
        if isinstance(access, LoginAccess):
            routes += LoginPage(access.logins, texts).routes()
        whole = Starlette(
            routes=[*routes, Mount("/", LanguageSwitch(pages, texts))],
            exception_handlers={Unavailable: Outage(texts)},
        )
        yield Guard(whole, access, sent)


def calm(blocks: gr.Blocks) -> Callable[[], None]:
    """Let Gradio's queue look for work less often than every millisecond; return what ends it.

    Only the functions for scripts use it.
    """
    queue = blocks._queue
    queue.sleep_when_free = queue.progress_update_sleep_when_free = QUEUE_SECONDS
    return queue.close  # type: ignore[no-any-return]  # Gradio's types are not read


def gradio_page(blocks: gr.Blocks, access: Access) -> FastAPI:
    """Return Gradio's page in one language."""
    style = (resources.files("bot.web") / "static" / "page.css").read_text("utf-8")
    app = FastAPI(openapi_url=None)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        auth_dependency=access.owner_of,
        css=style,
        head=HEAD,
        theme=theme(),
        max_file_size=MAX_BYTES,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    # Gradio checks the files of calls only where it has launched the page itself.
    blocks.has_launched = True
    return app


def theme() -> gr.themes.Base:
    """Return the page's look; its fonts are those of the system."""
    look = gr.themes.Soft(
        primary_hue="indigo",
        neutral_hue="slate",
        radius_size="lg",
        font=list(FONTS),
        font_mono=["ui-monospace", "monospace"],
    )
    return look.set(**READABLE)
