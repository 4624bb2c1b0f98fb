"""Request bodies, JSON or multipart, and answers as Discord sends them."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import BAD_JSON, ApiError
from deploy.local.discord.state.attachments import Upload
from deploy.local.discord.state.messages import MessageDraft

FILE_FIELD = re.compile(r"^files\[(\d+)\]$")


@dataclass(frozen=True)
class RequestBody:
    """A request's JSON and its files by number."""

    payload: Any = None
    uploads: dict[int, Upload] = field(default_factory=dict)

    @property
    def fields(self) -> Json:
        """The JSON, which must be an object."""
        if not isinstance(self.payload, dict):
            raise ApiError(*BAD_JSON)
        return self.payload

    @property
    def items(self) -> list[Json]:
        """The JSON, which must be a list of objects."""
        if not isinstance(self.payload, list):
            raise ApiError(*BAD_JSON)
        return self.payload

    @property
    def draft(self) -> MessageDraft:
        """The body as a message to post or change."""
        return MessageDraft(self.fields, self.uploads)


BODY: web.RequestKey[RequestBody] = web.RequestKey("body", RequestBody)


async def read_body(request: web.Request) -> RequestBody:
    """Return the body of a request; it can be read more than once."""
    known: RequestBody | None = request.get(BODY)
    if known is None:
        known = request[BODY] = await _read(request)
    return known


async def _read(request: web.Request) -> RequestBody:
    if not request.can_read_body:
        return RequestBody()
    if not request.content_type.startswith("multipart/"):
        return RequestBody(_parse(await request.text()))
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
    return RequestBody(payload, uploads)


def _parse(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise ApiError(*BAD_JSON) from error


def json_response(body: object, status: int = 200) -> web.Response:
    """Return JSON whose content type is exactly application/json, as discord.py needs it."""
    data = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(body=data, status=status, content_type="application/json")


def no_content() -> web.Response:
    """Return 204."""
    return web.Response(status=204)
