"""What scripts upload by Gradio's client: counted for each person, refused in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from bot.i18n import Translations
from bot.web.access.access import Access
from bot.web.files.kept_files import FULL, MIB
from bot.web.files.pictures import MAX_BYTES
from bot.web.files.script_files import ScriptFiles
from bot.web.language import preferred
from bot.web.served_paths import API
from storage.domain.errors import BadPicture

MOST_AT_ONCE = 8  # files
FRAME_BYTES = 65_536
"""What a form has around its files."""
STATUS = {"picture_file_too_large": 413, "page_bad_upload": 400}
"""Of refusals other than for want of room."""


@dataclass(frozen=True, slots=True)
class ScriptUploads:
    """Takes files in place of Gradio's own route, which keeps whatever comes for an hour."""

    texts: Translations
    access: Access
    files: ScriptFiles

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route(f"{API}/upload", self.upload, methods=["POST"])]

    async def upload(self, request: Request) -> Response:
        """Keep the files of a form; return where they are, as Gradio's clients want it."""
        owner = self.access.owner_of(request)
        assert owner is not None  # the guard lets nobody else through
        try:
            async with _bounded(request).form(max_files=MOST_AT_ONCE, max_fields=0) as form:
                found = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
                return JSONResponse(await self._keep(owner, found))
        except BadPicture as error:
            return self._refusal(request, error)
        except (HTTPException, FormParserError, ClientDisconnect):
            return self._refusal(request, BadPicture("page_bad_upload", limit=MOST_AT_ONCE))
        except OSError as error:  # where the form itself is put down
            if error.errno not in FULL:
                raise
            return self._refusal(request, BadPicture("page_disk_full"))

    async def _keep(self, owner: str, files: Sequence[UploadFile]) -> list[str]:
        """Keep all files, or none of them; return where they are."""
        paths: list[Path] = []
        try:
            for one in files:
                data, name = await one.read(), one.filename or ""
                paths.append(await self.files.uploaded(owner, data, name))
        except BaseException:
            for path in paths:
                await self.files.ordered(owner, path)
            raise
        return [str(path) for path in paths]

    def _refusal(self, request: Request, error: BadPicture) -> Response:
        said = self.texts.error(preferred(request.headers, self.texts), error)
        return JSONResponse({"detail": said}, STATUS.get(error.key, 507))


def _bounded(request: Request) -> Request:
    """Return the request; reading more of it than one upload may have raises BadPicture."""
    read = 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > MAX_BYTES + FRAME_BYTES:
            raise BadPicture("picture_file_too_large", limit=MAX_BYTES // MIB)
        return message

    return Request(request.scope, receive)
