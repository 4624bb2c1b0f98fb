"""Reading what clients send, JSON or multipart, and answering as Discord does."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import BAD_JSON, ApiError
from deploy.local.discord.state.attachments import Upload

FILE_FIELD = re.compile(r"^files\[(\d+)\]$")


@dataclass(frozen=True)
class Body:
    """A request's JSON and the files that came with it, by number."""

    payload: Any = None
    uploads: dict[int, Upload] = field(default_factory=dict)

    @property
    def fields(self) -> Json:
        """The JSON as an object."""
        if not isinstance(self.payload, dict):
            raise ApiError(*BAD_JSON)
        return self.payload

    @property
    def items(self) -> list[Json]:
        """The JSON as a list of objects."""
        if not isinstance(self.payload, list):
            raise ApiError(*BAD_JSON)
        return self.payload


BODY: web.RequestKey[Body] = web.RequestKey("body", Body)


async def read(request: web.Request) -> Body:
    """The body of a request; the same again when asked twice."""
    known: Body | None = request.get(BODY)
    if known is None:
        known = await _read(request)
        request[BODY] = known
    return known


async def _read(request: web.Request) -> Body:
    if not request.can_read_body:
        return Body()
    if not request.content_type.startswith("multipart/"):
        return Body(_parse(await request.text()))
    payload: Any = {}
    uploads: dict[int, Upload] = {}
    form = await request.post()
    for name, value in form.items():
        if isinstance(value, web.FileField):
            found = FILE_FIELD.match(name)
            number = int(found[1]) if found else len(uploads)
            uploads[number] = Upload(value.filename, value.file.read(), value.content_type)
            value.file.close()
        elif name == "payload_json":
            payload = _parse(value if isinstance(value, str) else bytes(value).decode())
    return Body(payload, uploads)


def _parse(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise ApiError(*BAD_JSON) from error


def reply(body: object, status: int = 200) -> web.Response:
    """An answer whose content type is exactly application/json, as discord.py wants it."""
    data = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(body=data, status=status, content_type="application/json")


def nothing() -> web.Response:
    """204, for what needs no words."""
    return web.Response(status=204)
