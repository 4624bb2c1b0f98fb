"""Lets nobody through who is not known, and nothing on the page load anything from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.access.access import Access, LoginAccess
from bot.web.access.origins import is_foreign
from bot.web.files.script_files import ScriptFiles
from bot.web.markup import PREFIX
from bot.web.served_paths import file_of, is_served

LOGIN = ("/login", "/logout")
STATIC = f"/{PREFIX}/static/"  # is served before somebody has logged in, too
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:;"
    " font-src 'self' data:; style-src 'self' 'unsafe-inline';"
    # Gradio's page holds its settings in a script, and compiles templates.
    " script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:;"
    " connect-src 'self' data: blob:; frame-ancestors 'self'; base-uri 'self'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Language, Cookie",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """Stands before the whole page; files are those that Gradio serves, to their owner alone."""

    app: ASGIApp
    access: Access
    files: ScriptFiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request of a known person, or refuse it."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        refused = self._refusal(request)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await (refused or self.app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        path, logs_in = str(request.scope["path"]), isinstance(self.access, LoginAccess)
        if is_foreign(request):
            return PlainTextResponse("Another site may order and read nothing here.", 403)
        if logs_in and (path in LOGIN or path.startswith(STATIC)):
            return None
        if (owner := self.access.owner_of(request)) is not None:
            file = file_of(path)
            theirs = file is None or self.files.owns(owner, file)
            if theirs and is_served(path, self.files.folder):
                return None
            return PlainTextResponse("There is nothing here.", 404)
        if logs_in and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("login", 303)
        return PlainTextResponse("This page does not know who you are.", 401)
