"""The page at which persons log in, for browsers and for scripts."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.i18n import Translations
from bot.web.access.attempts import TooManyAttempts
from bot.web.access.logins import Logins
from bot.web.access.session import COOKIE, LIFETIME, write_session
from bot.web.language import preferred
from bot.web.markup import PREFIX, element, text, void

LONGEST_PASSWORD = 1000  # characters
LONGEST_BODY = 8192  # bytes


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
        return HTMLResponse(self._form(request))

    async def log_in(self, request: Request) -> Response:
        """Set the cookie, or return the form again; a script is told by the status alone."""
        fields = await _fields(request)
        if fields is None:
            return JSONResponse({"detail": "send username and password as a form"}, 400)
        name, password = (fields.get(one, "")[:LONGEST_PASSWORD] for one in FIELDS)
        sender = request.client.host if request.client else ""
        try:
            entry = await self.logins.check(name, password, sender)
        except TooManyAttempts as error:
            seconds = math.ceil(error.seconds)
            answer = self._refusal(request, 429, "page_login_later", seconds=seconds)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if entry is None:
            return self._refusal(request, 401, "page_wrong_login")
        answer = (
            RedirectResponse(".", 303) if _browser(request) else JSONResponse({"success": True})
        )
        proxied = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
        answer.set_cookie(
            COOKIE,
            write_session(name, entry, time.time()),
            max_age=LIFETIME,
            httponly=True,
            samesite="lax",
            secure="https" in (request.url.scheme, proxied),
        )
        return answer

    async def log_out(self, _request: Request) -> Response:
        """Delete the cookie."""
        answer = RedirectResponse("login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    def _refusal(self, request: Request, status: int, key: str, **facts: int) -> Response:
        """Return the form with the reason, or the reason alone to a script."""
        locale = preferred(request.headers, self.texts)
        reason = self.texts.text(locale, key, **facts)
        if _browser(request):
            return HTMLResponse(self._form(request, reason), status)
        return JSONResponse({"detail": reason}, status)

    def _form(self, request: Request, reason: str = "") -> str:
        locale = preferred(request.headers, self.texts)

        def said(key: str) -> str:
            return text(self.texts.text(locale, key))

        fields = [
            element("label", said(f"page_{name}"), void("input", **facts))
            for name, facts in FIELDS.items()
        ]
        problem = [element("p", text(reason), role="alert")] if reason else []
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


def _browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


async def _fields(request: Request) -> dict[str, str] | None:
    """Return the fields of an urlencoded form, None for any other body and for a longer one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_BODY:
                return None
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=len(FIELDS) + 2))
    except (ClientDisconnect, ValueError):
        return None


FIELDS: dict[str, dict[str, object]] = {
    "username": {"name": "username", "autocomplete": "username", "required": True},
    "password": {
        "name": "password",
        "type": "password",
        "autocomplete": "current-password",
        "required": True,
    },
}
