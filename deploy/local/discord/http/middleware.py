"""The middleware of all routes: authorization, error answers, injected faults, and the wire log."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.http.body import RequestBody, json_response, read_body
from deploy.local.discord.rules.errors import (
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHORIZED,
    ApiError,
)
from deploy.local.discord.wire_log import WireLog

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
API = "/api/v10"
TOKEN_IN_PATH = (f"{API}/interactions/", f"{API}/webhooks/")


@dataclass
class InjectedFault:
    """A failure of the API, for the next `times` requests of this method and path."""

    method: str
    path: re.Pattern[str]
    status: int
    times: int
    delay: float = 0.0

    def take(self, request: web.Request) -> bool:
        """Tell whether this request fails, which uses up one of the times."""
        if self.times < 1 or self.method not in ("*", request.method):
            return False
        if not self.path.search(request.path):
            return False
        self.times -= 1
        return True


class RequestMiddleware:
    """Wraps every request's handler."""

    def __init__(self, token: str, wire_log: WireLog) -> None:
        self._token, self._wire_log = token, wire_log
        self.faults: list[InjectedFault] = []

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request; errors have Discord's form."""
        try:
            if request.path.startswith(API):
                self._check_token(request)
                fault = next((entry for entry in self.faults if entry.take(request)), None)
                if fault:
                    return await self._fail(fault)
            answer = await handler(request)
        except ApiError as error:
            answer = _error_response(error)
        except web.HTTPNotFound:
            answer = _error_response(ApiError(*NOT_FOUND))
        except web.HTTPMethodNotAllowed:
            answer = _error_response(ApiError(*METHOD_NOT_ALLOWED))
        except web.HTTPRequestEntityTooLarge:
            answer = _error_response(ApiError(*TOO_LARGE))
        if request.path.startswith(API):
            await self._record(request, answer)
        return answer

    def _check_token(self, request: web.Request) -> None:
        if request.path.startswith(TOKEN_IN_PATH):
            return
        if request.headers.get("Authorization") != f"Bot {self._token}":
            raise ApiError(*UNAUTHORIZED)

    async def _fail(self, fault: InjectedFault) -> web.Response:
        await asyncio.sleep(fault.delay)
        if fault.status == 429:
            body = {"message": "You are being rate limited.", "retry_after": 0.3, "global": False}
            answer = json_response(body, 429)
            answer.headers["Via"] = "1.1 local"
            answer.headers["Retry-After"] = "1"
            return answer
        if fault.status == 413:
            return _error_response(ApiError(*TOO_LARGE))
        return _error_response(ApiError(fault.status, 0, f"{fault.status}: Fault"))

    async def _record(self, request: web.Request, answer: web.StreamResponse) -> None:
        try:
            body = await read_body(request)
        except ApiError:
            body = RequestBody()
        data = answer.body if isinstance(answer, web.Response) else None
        decoded: Json | None = json.loads(data) if isinstance(data, bytes) and data else None
        self._wire_log.exchange(
            {
                "method": request.method,
                "path": request.path.removeprefix(API),
                "request": body.payload,
                "files": sorted(body.uploads),
                "status": answer.status,
                "answer": decoded,
            }
        )


def _error_response(error: ApiError) -> web.Response:
    return json_response(error.body, error.status)
