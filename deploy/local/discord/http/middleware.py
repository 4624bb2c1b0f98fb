"""What stands before every route: who asks, how refusals look, and what is recorded."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.http.body import Body, read, reply
from deploy.local.discord.rules.errors import NOT_FOUND, UNAUTHORIZED, ApiError
from deploy.local.discord.wire_log import Recorder

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
API = "/api/v10"
BY_TOKEN = (f"{API}/interactions/", f"{API}/webhooks/")


@dataclass
class Fault:
    """A failure that Discord is to have: so many times, for the paths that match."""

    method: str
    path: re.Pattern[str]
    status: int
    times: int
    delay: float = 0.0

    def hits(self, request: web.Request) -> bool:
        """Whether this request meets it, which uses one of its times up."""
        if self.times < 1 or self.method not in ("*", request.method):
            return False
        if not self.path.search(request.path):
            return False
        self.times -= 1
        return True


class Guard:
    """The middleware of the HTTP API."""

    def __init__(self, token: str, recorder: Recorder) -> None:
        self._token, self._recorder = token, recorder
        self.faults: list[Fault] = []

    @web.middleware
    async def stand(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, or refuse it in Discord's words."""
        try:
            if request.path.startswith(API):
                self._check_token(request)
                fault = next((entry for entry in self.faults if entry.hits(request)), None)
                if fault:
                    return await self._fail(fault)
            answer = await handler(request)
        except ApiError as error:
            answer = reply(error.body, error.status)
        except web.HTTPNotFound:
            answer = reply({"message": NOT_FOUND[2], "code": 0}, 404)
        except web.HTTPMethodNotAllowed:
            answer = reply({"message": "405: Method Not Allowed", "code": 0}, 405)
        except web.HTTPRequestEntityTooLarge:
            answer = reply({"message": "Request entity too large", "code": 40005}, 413)
        if request.path.startswith(API):
            await self._record(request, answer)
        return answer

    def _check_token(self, request: web.Request) -> None:
        if request.path.startswith(BY_TOKEN):
            return
        if request.headers.get("Authorization") != f"Bot {self._token}":
            raise ApiError(*UNAUTHORIZED)

    async def _fail(self, fault: Fault) -> web.Response:
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.status == 429:
            body = {"message": "You are being rate limited.", "retry_after": 0.3, "global": False}
            answer = reply(body, 429)
            answer.headers["Via"] = "1.1 local"
            answer.headers["Retry-After"] = "1"
            return answer
        if fault.status == 413:
            return reply({"message": "Request entity too large", "code": 40005}, 413)
        return reply({"message": f"{fault.status}: Fault", "code": 0}, fault.status)

    async def _record(self, request: web.Request, answer: web.StreamResponse) -> None:
        try:
            body = await read(request)
        except ApiError:
            body = Body()
        given = answer.body if isinstance(answer, web.Response) else None
        told: Json | None = json.loads(given) if isinstance(given, bytes) and given else None
        self._recorder.exchange(
            {
                "method": request.method,
                "path": request.path.removeprefix(API),
                "request": body.payload,
                "files": sorted(body.uploads),
                "status": answer.status,
                "answer": told,
            }
        )
