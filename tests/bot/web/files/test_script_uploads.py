"""What a script uploads is bounded, its owner's alone, and gone once an order has it."""

from __future__ import annotations

import errno
import io
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, FormData

from bot.web.files import script_uploads
from bot.web.files.kept_files import KeptFiles, KeptLimits
from bot.web.files.script_files import ScriptFiles, delete_empty
from bot.web.files.script_uploads import MOST_AT_ONCE
from tests.bot.web.form.test_sent_files import call, file_at, upload_folder
from tests.support.backend import png, until
from tests.support.web.served_page import ServedPage

over_http = pytest.mark.asyncio(loop_scope="session")
LIMITS = KeptLimits(files=2, person=100, whole=150, life=60.0)


async def sent(session: ClientSession, data: bytes, name: str = "a.png") -> tuple[int, Any]:
    form = {"files": io.BytesIO(data)}
    async with session.post("/gradio_api/upload", data=form) as answer:
        return answer.status, await answer.json()


def is_there(path: Path | str) -> bool:
    return Path(path).exists()


def uploaded() -> list[Path]:
    return sorted(Path(upload_folder()).iterdir())


@over_http
async def test_an_upload_is_deleted_once_an_order_has_it_or_did_not_want_it(
    served: ServedPage,
) -> None:
    async with ClientSession(served.url) as session:
        for options, event in (({}, "complete"), ({"steps": "x"}, "error")):
            _, [path] = await sent(session, png())
            async with session.get(f"/gradio_api/file={path}") as answer:
                assert await answer.read() == png()
            assert f"event: {event}" in await call(session, file_at(path), options)
            assert not is_there(path)
            async with session.get(f"/gradio_api/file={path}") as answer:
                assert answer.status == 404
        other = Path(upload_folder()) / "others.png"
        other.write_bytes(png())
        async with session.get(f"/gradio_api/file={other}") as answer:
            assert answer.status == 404
        assert "event: error" in await call(session, file_at(other))
    await until(served.backend.all_jobs_delivered)


@over_http
async def test_what_there_is_no_room_for_is_refused_in_words(
    served: ServedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(script_uploads, "MAX_BYTES", 1000)
    monkeypatch.setattr(script_uploads, "FRAME_BYTES", 1000)
    async with ClientSession(served.url) as session:
        status, told = await sent(session, bytes(3000))
        assert (status, "MiB" in str(told)) == (413, True)
        with monkeypatch.context() as patched:
            patched.setattr(KeptFiles, "_make_room", full)
            status, told = await sent(session, b"x")
        assert (status, "no room for files" in str(told)) == (507, True)
        with monkeypatch.context() as patched:
            patched.setattr(KeptFiles, "_exceeds", lambda *_: True)
            status, told = await sent(session, b"x")
        assert (status, "wait for an order" in str(told)) == (507, True)


@over_http
async def test_a_form_that_is_not_taken_is_refused_in_words_and_nothing_of_it_stays(
    served: ServedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    many, parts, full = FormData(), FormData(), FormData()
    for _ in range(MOST_AT_ONCE + 1):
        many.add_field("files", b"x", filename="a.png")
    parts.add_field("files", b"x", filename="a.png")
    parts.add_field("name", "ada")
    for _ in range(3):
        full.add_field("files", b"x", filename="a.png")
    before = uploaded()
    kind = "multipart/form-data"
    async with ClientSession(served.url) as session:
        for data, content_type in (
            (many, None),
            (parts, None),
            (b"x", kind),
            (b"x", f"{kind}; boundary=y"),
        ):
            headers = {"Content-Type": content_type} if content_type else None
            async with session.post("/gradio_api/upload", data=data, headers=headers) as answer:
                told = (await answer.json())["detail"]
            assert (answer.status, "at most 8 files" in told) == (400, True)
        monkeypatch.setattr(KeptFiles, "_exceeds", lambda _, some, *__: len(some) > 2)
        async with session.post("/gradio_api/upload", data=full) as answer:
            assert answer.status == 507
    assert uploaded() == before


async def test_a_clip_that_was_sent_gives_way_and_an_upload_does_not(tmp_path: Path) -> None:
    files = ScriptFiles(tmp_path, LIMITS)
    clip = await files.sent("web:ada", b"clip", "a.mp4")
    assert await files.sent("web:ada", b"clip", "a.mp4") == clip
    upload = await files.uploaded("web:ada", b"1", "cat.png")
    assert await files.uploaded("web:ada", b"1", "cat.png") != upload
    assert [is_there(clip), is_there(upload)] == [False, True]
    assert files.owns("web:ada", upload)
    assert not files.owns("web:bob", upload)
    await files.forget_all("web:ada", time.time())
    assert not is_there(upload.parent)


def test_empty_files_of_gradios_are_deleted(tmp_path: Path) -> None:
    for name, data in (("tmpabc", b""), ("other", b"x")):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder").mkdir()
    delete_empty(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "other"]
