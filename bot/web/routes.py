"""What the page loads beside Gradio's own: orders, clips, pictures, and its script and style."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.i18n import Translations
from bot.studio.library.reuse import read_settings
from bot.studio.studio import Studio
from bot.web.access.access import Access
from bot.web.files.pictures import MAX_BYTES, PictureUploads
from bot.web.language import preferred
from bot.web.markup import PREFIX
from bot.web.orders.card_html import CardHtml
from bot.web.orders.history_html import HistoryHtml
from bot.web.orders.live_orders import LiveOrders
from bot.web.orders.own_clips import order_of, picture_in
from bot.web.samples import SAMPLES, read_sample
from bot.web.words import Words
from storage.domain.errors import BadPicture, BadRequest, JobGone, MutoscopeError
from storage.domain.job import Job

THUMBNAIL, SOURCE = 320, 640  # pixels
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
NOT_KEPT = {"Cache-Control": "no-store"}
TYPES = {"mp4": "video/mp4", "gif": "image/gif", "webp": "image/webp"}
STATIC = {
    "page.js": "text/javascript",
    "camera_path.js": "text/javascript",
    "account.js": "text/javascript",
    "page.css": "text/css",
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class PageRoutes:
    """Answers requests of persons, each with what is theirs."""

    studio: Studio
    texts: Translations
    access: Access
    live: LiveOrders
    uploads: PictureUploads

    def routes(self) -> list[Route]:
        """Return the routes."""
        found: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "orders": self.orders,
            "history": self.history,
            "details/{job}": self.details,
            "clips/{name}": self.clip,
            "thumbnails/{job}": self.thumbnail,
            "sources/{job}": self.source,
            "sources/{job}/last": self.last_source,
            "previews/{job}/{number}": self.preview,
            "pictures/{key}": self.picture,
            "samples/{name}": self.sample,
            "static/{name}": self.static,
        }
        routes = [Route(f"/{PREFIX}/{path}", answer) for path, answer in found.items()]
        routes.append(Route(f"/{PREFIX}/pictures", self.upload, methods=["POST"]))
        removing = Route(f"/{PREFIX}/pictures/{{key}}", self.release, methods=["DELETE"])
        return [*routes, removing]

    async def orders(self, request: Request) -> Response:
        """Return the cards where they changed since a version, and what changes every moment."""
        owner, words = self._owner(request), self._words(request)
        known = request.query_params.get("version", "")
        if not known:
            await self.live.take_waiting(owner)
        orders = await self.live.show(owner)
        version, cards = self.live.version(owner), CardHtml(words)
        answer: dict[str, object] = {
            "version": version,
            "moments": [cards.moment(one) for one in orders if not one.job.status.final],
        }
        if known != version:
            answer["cards"] = [[one.job.id, cards.card(one)] for one in orders]
        return JSONResponse(answer, headers=NOT_KEPT)

    async def history(self, request: Request) -> Response:
        """Return a page of the history."""
        anchor, search = (request.query_params.get(name, "") for name in ("anchor", "search"))
        view = HistoryHtml(self.studio, self._words(request), self._owner(request))
        return HTMLResponse(await view.page(anchor[:40], search[:100]), headers=NOT_KEPT)

    async def details(self, request: Request) -> Response:
        """Return one clip with its details."""
        job = await self._job(request, request.path_params["job"])
        if job is None:
            return _missing()
        view = HistoryHtml(self.studio, self._words(request), job.owner)
        return HTMLResponse(await view.clip(job), headers=NOT_KEPT)

    async def clip(self, request: Request) -> Response:
        """Return the file of a clip, or the part of it that is asked for."""
        name, _, suffix = request.path_params["name"].partition(".")
        job = await self._job(request, name)
        data = await self.studio.shown.clip_file(job.clip) if job and job.clip else None
        if data is None or suffix not in TYPES:
            return _missing()
        return _part(data, TYPES[suffix], request.headers.get("range", ""))

    async def thumbnail(self, request: Request) -> Response:
        """Return the first frame of a clip."""
        job = await self._job(request, request.path_params["job"])
        return _webp(await self.studio.pictures.of_clip(job, THUMBNAIL) if job else None)

    async def source(self, request: Request) -> Response:
        """Return the picture that a clip is made from."""
        job = await self._job(request, request.path_params["job"])
        return _webp(await self.studio.pictures.of_picture(job, SOURCE) if job else None)

    async def last_source(self, request: Request) -> Response:
        """Return the picture that a clip ends with."""
        job = await self._job(request, request.path_params["job"])
        return _webp(await self.studio.pictures.of_end_picture(job, SOURCE) if job else None)

    async def preview(self, request: Request) -> Response:
        """Return the latest preview of a running order."""
        order = self.live.get(self._owner(request), request.path_params["job"])
        return _webp(order.preview if order else None, NOT_KEPT)

    async def picture(self, request: Request) -> Response:
        """Return an upload as it will be seen."""
        try:
            data = await self.uploads.get(self._owner(request), request.path_params["key"])
            return _webp(await self.studio.pictures.of_upload(data, SOURCE))
        except BadPicture:
            return _missing()

    async def upload(self, request: Request) -> Response:
        """Keep a picture, or a clip whose settings are wanted; return its key, or why not."""
        words, owner = self._words(request), self._owner(request)
        data = await _body(request)
        if data is None:
            limit = MAX_BYTES // 2**20
            return JSONResponse({"error": words("picture_file_too_large", limit=limit)}, 413)
        try:
            if self._has_settings(data):
                told = {"key": await self.uploads.put(owner, data), "settings": True}
                return JSONResponse({**told, "job": await self._order_of(data, owner)})
            facts = await self.studio.pictures.facts(data)
            key = await self.uploads.put(owner, data, facts)
        except MutoscopeError as error:
            return JSONResponse({"error": words.error(error)}, 400)
        return JSONResponse({"key": key, "width": facts.width, "height": facts.height})

    async def release(self, request: Request) -> Response:
        """Let an upload give way to others that was taken out of the form."""
        self.uploads.release(self._owner(request), [request.path_params["key"]])
        return Response(status_code=204)

    async def sample(self, request: Request) -> Response:
        """Return a sample picture."""
        name = request.path_params["name"]
        data = read_sample(name) if name in SAMPLES else None
        return _missing() if data is None else Response(data, media_type="image/jpeg")

    async def static(self, request: Request) -> Response:
        """Return the page's script or style."""
        name = request.path_params["name"]
        if name not in STATIC:
            return _missing()
        text = (resources.files("bot.web") / "static" / name).read_text("utf-8")
        return Response(text, media_type=STATIC[name], headers={"Cache-Control": "no-cache"})

    def _has_settings(self, data: bytes) -> bool:
        """Tell whether a file is a clip of ours, of which somebody may want the settings."""
        try:
            read_settings(data, self.studio.admission)
        except BadRequest as error:
            return error.key != "request_no_settings"
        return True

    async def _order_of(self, data: bytes, owner: str) -> str:
        """Return this person's order of the pictures of a clip of ours, empty for none."""
        try:
            known = await order_of(self.studio, read_settings(data, self.studio.admission), owner)
        except BadRequest:
            return ""
        return known.id if known and picture_in(known.request, last=False) else ""

    def _owner(self, request: Request) -> str:
        owner = self.access.owner_of(request)
        assert owner is not None  # the guard lets nobody else through
        return owner

    def _words(self, request: Request) -> Words:
        return Words(self.texts, preferred(request.headers, self.texts), self.studio.admission)

    async def _job(self, request: Request, job_id: str) -> Job | None:
        """Return a job of this person."""
        try:
            job = await self.studio.job(job_id)
        except JobGone:
            return None
        return job if job.owner == self._owner(request) else None


async def _body(request: Request) -> bytes | None:
    """Return what was sent, None for more than one upload may have."""
    data = bytearray()
    try:
        async for part in request.stream():
            data += part
            if len(data) > MAX_BYTES:
                return None
    except ClientDisconnect:
        return None
    return bytes(data)


def _part(data: bytes, kind: str, wanted: str) -> Response:
    """Return a file, or the range of it that a player asks for."""
    headers = {**FOR_EVER, "Accept-Ranges": "bytes"}
    found = _RANGE.fullmatch(wanted)
    if found is None or found[0] == "bytes=-":
        return Response(data, media_type=kind, headers=headers)
    first = int(found[1]) if found[1] else max(0, len(data) - int(found[2]))
    last = min(int(found[2]), len(data) - 1) if found[1] and found[2] else len(data) - 1
    if first > last:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], 206, media_type=kind, headers=headers)


def _webp(data: bytes | None, headers: dict[str, str] | None = None) -> Response:
    if not data:
        return _missing()
    return Response(data, media_type="image/webp", headers=headers or FOR_EVER)


def _missing() -> Response:
    return Response(status_code=404, headers=NOT_KEPT)
