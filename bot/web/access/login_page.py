"""The page at which persons log in, for browsers and for scripts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.i18n import Translations
from bot.web.access.logins import Logins
from bot.web.access.session import COOKIE, LIFETIME, write_session
from bot.web.language import preferred
from bot.web.markup import PREFIX, element, text, void

LONGEST_PASSWORD = 1000  # characters


@dataclass(frozen=True, slots=True)
class LoginPage:
    """Asks for name and password, and lets the browser keep the login."""

    logins: Logins
    texts: Translations

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Return the form."""
        return HTMLResponse(self._form(request, wrong=False))

    async def log_in(self, request: Request) -> Response:
        """Set the cookie, or return the form again; a script is told by the status alone."""
        form = await request.form()
        name, password = (str(form.get(one, ""))[:LONGEST_PASSWORD] for one in FIELDS)
        browser = "text/html" in request.headers.get("accept", "")
        if not await self.logins.check(name, password):
            if browser:
                return HTMLResponse(self._form(request, wrong=True), 401)
            return JSONResponse({"detail": "wrong name or password"}, 401)
        answer: Response = JSONResponse({"success": True})
        if browser:
            answer = RedirectResponse(".", 303)
        answer.set_cookie(
            COOKIE,
            write_session(name, self.logins.entries()[name], time.time()),
            max_age=LIFETIME,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    async def log_out(self, _request: Request) -> Response:
        """Delete the cookie."""
        answer = RedirectResponse("login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    def _form(self, request: Request, *, wrong: bool) -> str:
        locale = preferred(request.headers, self.texts)

        def said(key: str) -> str:
            return text(self.texts.text(locale, key))

        fields = [
            element("label", said(f"page_{name}"), void("input", **facts))
            for name, facts in FIELDS.items()
        ]
        problem = [element("p", said("page_wrong_login"), role="alert")] if wrong else []
        head = element(
            "head",
            void("meta", charset="utf-8"),
            void("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", "Mutoscope"),
            void("link", rel="stylesheet", href=f"{PREFIX}/static/page.css"),
        )
        form = element(
            "form",
            element("h1", "Mutoscope"),
            *problem,
            *fields,
            element("button", said("page_log_in"), type="submit"),
            method="post",
            action="login",
            class_="mu-login",
        )
        body = element("body", element("main", form), class_="mu-login-page")
        return "<!doctype html>" + element("html", head, body, lang=locale)


FIELDS: dict[str, dict[str, object]] = {
    "username": {"name": "username", "autocomplete": "username", "required": True},
    "password": {
        "name": "password",
        "type": "password",
        "autocomplete": "current-password",
        "required": True,
    },
}
