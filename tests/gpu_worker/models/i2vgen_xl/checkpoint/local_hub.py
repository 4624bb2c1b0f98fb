"""A server that a checkpoint can be fetched from as from the Hugging Face hub.

It answers the four requests that huggingface_hub makes: a repository's facts, its tree, a file's
head and its bytes (with ranges). It can cut connections and answer with errors.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

REPOSITORY = "owner/model"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class LocalHub:
    """Serves one folder as REPOSITORY at COMMIT, and counts what is asked for.

    cuts holds how many more times each file's answer ends in its middle, failing the files that
    are answered with 503. status, where it is not 200, is the answer to everything.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.cuts: Counter[str] = Counter()
        self.failing: set[str] = set()
        self.sent: Counter[str] = Counter()
        self.requests = 0
        self.status = 200
        self.error_code = ""
        self.url = ""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[LocalHub]:
        """Serve on a free port of the loopback."""
        app = web.Application(middlewares=[self._counted])
        app.router.add_get(f"/api/models/{REPOSITORY}/revision/{{revision}}", self._facts)
        app.router.add_get(f"/api/models/{REPOSITORY}", self._facts)
        app.router.add_get(f"/api/models/{REPOSITORY}/tree/{{revision}}", self._tree)
        app.router.add_get(f"/{REPOSITORY}/resolve/{{revision}}/{{path:.+}}", self._file)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _counted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests += 1
        if self.status != 200:
            return web.Response(status=self.status, headers={"X-Error-Code": self.error_code})
        return await handler(request)

    def _check(self, request: web.Request) -> None:
        revision = request.match_info.get("revision", "main")
        if revision not in ("main", COMMIT):
            raise web.HTTPNotFound(headers={"X-Error-Code": "RevisionNotFound"})

    async def _facts(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"id": REPOSITORY, "sha": COMMIT, "siblings": []})

    async def _tree(self, request: web.Request) -> web.Response:
        self._check(request)
        files = [path for path in sorted(self._folder.rglob("*")) if path.is_file()]
        return web.json_response(
            [
                {
                    "type": "file",
                    "oid": _digest(path),
                    "size": path.stat().st_size,
                    "path": path.relative_to(self._folder).as_posix(),
                }
                for path in files
            ]
        )

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        name = request.match_info["path"]
        path = self._folder / name
        if name in self.failing:
            raise web.HTTPServiceUnavailable
        if not path.is_file():
            raise web.HTTPNotFound(headers={"X-Error-Code": "EntryNotFound"})
        data, start = path.read_bytes(), 0
        if span := request.headers.get("Range"):
            start = int(span.removeprefix("bytes=").partition("-")[0])
        body = data[start:]
        headers = {
            "ETag": f'"{_digest(path)}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Length": str(len(body)),
        }
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        if self.cuts[name] > 0:
            self.cuts[name] -= 1
            await response.write(body[: len(body) // 2])
            self.sent[name] += len(body) // 2
            assert request.transport is not None
            request.transport.abort()
            return response
        self.sent[name] += len(body)
        await response.write(body)
        return response


def _digest(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
