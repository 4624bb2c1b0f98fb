"""What the account's section loads and does: export and forget by the same doors as anywhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.i18n import Translations
from bot.studio.reports.legend import CREDITS, draw_history
from bot.studio.studio import Studio
from bot.web.access.access import LOCAL, Access, LoginAccess
from bot.web.account.account_html import DAYS, AccountHtml
from bot.web.language import preferred
from bot.web.markup import PREFIX, element, text, void
from bot.web.words import Words
from storage.domain.errors import MutoscopeError, Unavailable

NOT_KEPT = {"Cache-Control": "no-store"}
ZIP_HEADERS = {
    "Content-Disposition": 'attachment; filename="mutoscope-export.zip"',
    "Content-Type": "application/zip",
}
FORGOTTEN_HEADERS = {"Clear-Site-Data": '"cache"'}
"""The person's own browser has pictures and clips too."""


@dataclass(frozen=True, slots=True)
class AccountRoutes:
    """Answers a person about themselves."""

    studio: Studio
    texts: Translations
    access: Access
    policy_url: str = ""

    def routes(self) -> list[Route]:
        """Return the routes."""
        root = f"/{PREFIX}/account"
        return [
            Route(root, self.show),
            Route(f"{root}/chart", self.chart),
            Route(f"{root}/export", self.export, methods=["POST"]),
            Route(f"{root}/forget", self.forget, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Return the section."""
        owner, words = self._owner(request), self._words(request)
        name = owner.removeprefix(LOCAL).removeprefix(":")
        view = AccountHtml(self.studio, words, owner, name, self.policy_url)
        try:
            page = await view.page(logs_out=isinstance(self.access, LoginAccess))
        except MutoscopeError as error:
            page = element("p", text(words.error(error)), role="alert", class_="mu-refused")
        return HTMLResponse(page, headers=NOT_KEPT)

    async def chart(self, request: Request) -> Response:
        """Return the picture of what was used by day."""
        history = await self.studio.usage.of_person(self._owner(request), DAYS)
        picture = await asyncio.to_thread(draw_history, history, CREDITS)
        if picture is None:
            return Response(status_code=404, headers=NOT_KEPT)
        return Response(picture, media_type="image/png", headers=NOT_KEPT)

    async def export(self, request: Request) -> Response:
        """Send everything that is kept of the person as one ZIP, or say why not."""
        owner, words = self._owner(request), self._words(request)
        stack = contextlib.AsyncExitStack()
        try:
            await stack.enter_async_context(self.studio.privacy.exporting.begun(owner))
        except MutoscopeError as error:
            return _refusal(words, error)
        return StreamingResponse(self._pieces(owner, stack), headers=ZIP_HEADERS | NOT_KEPT)

    async def _pieces(self, owner: str, begun: contextlib.AsyncExitStack) -> AsyncIterator[bytes]:
        stream = self.studio.privacy.exporting.stream(owner)
        async with begun, contextlib.aclosing(stream) as pieces:
            async for piece in pieces:
                yield piece

    async def forget(self, request: Request) -> Response:
        """Erase everything of the person; what an outage leaves over is erased after it."""
        owner, words = self._owner(request), self._words(request)
        erasing, said = self.studio.privacy.erasing, "page_forget_done"
        try:
            await erasing.ask(owner)
        except Unavailable as error:
            return JSONResponse({"said": words.error(error)}, 503, headers=NOT_KEPT)
        try:
            if not await erasing.forget(owner):
                said = "page_forget_begun"
        except Unavailable:
            said = "page_forget_begun"
        return JSONResponse({"said": words(said)}, headers=NOT_KEPT | FORGOTTEN_HEADERS)

    def _owner(self, request: Request) -> str:
        owner = self.access.owner_of(request)
        assert owner is not None  # the guard lets nobody else through
        return owner

    def _words(self, request: Request) -> Words:
        return Words(self.texts, preferred(request.headers, self.texts), self.studio.admission)


def _refusal(words: Words, error: MutoscopeError) -> Response:
    """Return a page that says why, and leads back."""
    back = element("a", text(words("page_back")), href="../../")
    head = element("head", void("meta", charset="utf-8"), element("title", "Mutoscope"))
    body = element("body", element("p", text(words.error(error))), element("p", back))
    page = "<!doctype html>" + element("html", head, body, lang=words.locale)
    return HTMLResponse(page, 503 if isinstance(error, Unavailable) else 403, headers=NOT_KEPT)
