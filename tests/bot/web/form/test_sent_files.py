"""A call names no file of this machine: only what was uploaded is read."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from gradio import routes

from bot.web.form.sent_files import is_upload
from tests.support.backend import png, until
from tests.support.web.served_page import ServedPage

over_http = pytest.mark.asyncio(loop_scope="session")


async def call(session: ClientSession, picture: Any, options: Any = None) -> str:
    """Order a clip of a picture; return the events that tell what came of it."""
    data = {"data": [picture, "zoom in", options or {}]}
    async with session.post("/gradio_api/call/order", json=data) as answer:
        event = (await answer.json())["event_id"]
    async with session.get(f"/gradio_api/call/order/{event}") as answer:
        return await answer.text()


def file_at(path: Path | str) -> dict[str, Any]:
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


@over_http
async def test_only_an_upload_is_read(served: ServedPage, tmp_path: Path) -> None:
    secret, fifo, folder = tmp_path / "secret.png", tmp_path / "fifo.png", Path(upload_folder())
    secret.write_bytes(png())
    os.mkfifo(fifo)
    os.mkfifo(folder / "fifo.png")
    (folder / "link.png").symlink_to(secret)
    async with ClientSession(served.url) as session:
        paths: list[Path | str] = [
            secret,
            fifo,
            tmp_path / "none.png",
            folder / "fifo.png",
            folder / "link.png",
        ]
        for path in [*paths, folder, "/dev/zero", "http://127.0.0.1:9/x.png", "a\0b"]:
            for given in ([file_at(path)], [None, {"seed": file_at(path)}]):
                told = await asyncio.wait_for(call(session, *given), 60)
                assert "event: error" in told, path
                assert "not uploaded" in told, path
        told = await call(session, {"path": str(secret), "meta": "gradio.FileData"})
        assert "event: error" in told
        async with session.post("/gradio_api/upload", data={"files": io.BytesIO(png())}) as answer:
            [path] = await answer.json()
        assert "event: complete" in await call(session, file_at(path))
    await until(served.backend.all_jobs_delivered)


def upload_folder() -> str:
    return os.environ["GRADIO_TEMP_DIR"]


@over_http
async def test_gradio_shares_no_folder_with_other_people(served: ServedPage) -> None:
    assert served.url
    assert upload_folder() == routes.DEFAULT_TEMP_DIR


def test_a_link_out_of_the_folder_is_no_upload(tmp_path: Path) -> None:
    folder, outside = tmp_path / "uploads", tmp_path / "outside"
    folder.mkdir()
    outside.write_bytes(b"x")
    (folder / "own").write_bytes(b"x")
    (folder / "circle").symlink_to(folder / "circle")
    assert is_upload(str(folder / "own"), folder)
    for path in (outside, folder / ".." / "outside", folder / "circle", folder):
        assert not is_upload(str(path), folder)
