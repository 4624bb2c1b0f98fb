"""The middleware of all routes: authorization, rate limits, errors, faults, and the wire log."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.http.body import RequestBody, json_response, read_body
from deploy.local.discord.http.rate_limits import RateLimits, retry_headers
from deploy.local.discord.rules.errors import (
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHORIZED,
    ApiError,
    RateLimited,
)
from deploy.local.discord.state.world import World
from deploy.local.discord.wire_log import WireLog

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
API = "/api/v10"
TOKEN_IN_PATH = (f"{API}/interactions/", f"{API}/webhooks/")
CONNECTION_LOST = 0
"""The status of a fault that closes the connection instead of answering."""


@dataclass
class InjectedFault:
    """A failure of the API, for the next `times` requests of this method and path.

    Where `handled` is set, the request has its effect and only its answer is replaced. Where
    `uploads` is set, only requests with files fail.
    """

    path: re.Pattern[str]
    status: int
    method: str = "*"
    times: int = 1
    delay: float = 0.0
    code: int = 0
    handled: bool = False
    uploads: bool = False

    def take(self, request: web.Request) -> bool:
        """Tell whether this request fails, which uses up one of the times."""
        if self.times < 1 or self.method not in ("*", request.method):
            return False
        if not self.path.search(request.path):
            return False
        if self.uploads and not request.content_type.startswith("multipart/"):
            return False
        self.times -= 1
        return True


class RequestMiddleware:
    """Wraps every request's handler."""

    def __init__(self, world: World, wire_log: WireLog, limits: RateLimits) -> None:
        self._world, self._wire_log, self._limits = world, wire_log, limits
        self.faults: list[InjectedFault] = []

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request; errors have Discord's form."""
        if not request.path.startswith(API):
            return await self._answer(request, handler)
        if self._limits.is_banned:
            return web.Response(status=429, text="error code: 1015")
        fault = next((entry for entry in self.faults if entry.take(request)), None)
        if fault is None:
            answer = await self._answer(request, self._limited(handler))
        else:
            if fault.handled:
                await self._answer(request, handler)
            answer = await self._fail(request, fault)
        self._limits.record(answer.status)
        await self._record(request, answer)
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return _error_response(error)
        except web.HTTPNotFound:
            return _error_response(ApiError(*NOT_FOUND))
        except web.HTTPMethodNotAllowed:
            return _error_response(ApiError(*METHOD_NOT_ALLOWED))
        except web.HTTPRequestEntityTooLarge:
            return _error_response(ApiError(*TOO_LARGE))

    def _limited(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._check_token(request)
            resource = request.match_info.route.resource
            route = resource.canonical.removeprefix(API) if resource else ""
            headers = self._limits.take(request, route)
            answer = await self._answer(request, handler)
            for name, value in headers.items():
                answer.headers.setdefault(name, value)
            return answer

        return handle

    def _check_token(self, request: web.Request) -> None:
        if request.path.startswith(TOKEN_IN_PATH):
            return
        if request.headers.get("Authorization") != f"Bot {self._world.token}":
            raise ApiError(*UNAUTHORIZED)

    async def _fail(self, request: web.Request, fault: InjectedFault) -> web.Response:
        await asyncio.sleep(fault.delay)
        if fault.status == CONNECTION_LOST:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        if fault.status == 429:
            return _error_response(RateLimited(0.3, code=fault.code))
        if fault.status == 413:
            return _error_response(ApiError(*TOO_LARGE))
        return _error_response(ApiError(fault.status, fault.code, f"{fault.status}: Fault"))

    async def _record(self, request: web.Request, answer: web.StreamResponse) -> None:
        try:
            body = await read_body(request)
        except (ApiError, OSError):
            body = RequestBody()
        data = answer.body if isinstance(answer, web.Response) else None
        decoded: Json | None = json.loads(data) if isinstance(data, bytes) and data else None
        self._wire_log.record(
            kind="exchange",
            method=request.method,
            path=request.path.removeprefix(API),
            request=body.payload,
            files=sorted(body.uploads),
            status=answer.status,
            answer=decoded,
        )


def _error_response(error: ApiError) -> web.Response:
    answer = json_response(error.body, error.status)
    if isinstance(error, RateLimited):
        answer.headers.update(retry_headers(error))
    return answer
