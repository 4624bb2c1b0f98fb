"""A person at the page sees their credits, takes their data with them, and is forgotten."""

from __future__ import annotations

import asyncio
import io
import json
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar

from bot.studio.options import Options
from bot.studio.orders.order_draft import Requester
from bot.studio.privacy.erasing import Erasing
from bot.web.access.logins import add_login
from storage.domain.errors import Unavailable
from storage.domain.job import ReplyTarget
from storage.domain.trust.policy import Ban, ServerPolicy
from tests.bot.web.form.test_sent_files import upload_folder
from tests.support.backend import Backend, open_backend, png, until
from tests.support.examples import CLIP
from tests.support.privacy.traces import in_files, in_redis, in_tables
from tests.support.web.served_page import ServedPage, served_page

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMES = ("ada", "bea", "cat", "dan", "eve", "fay")
"""A person for each test, for all share one page."""
POLICY = "https://policy.example"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(
    tmp_path_factory: pytest.TempPathFactory, shared_redis: str, mp4: bytes
) -> AsyncIterator[ServedPage]:
    """The page behind logins, without a worker."""
    home = tmp_path_factory.mktemp("page")
    for name in NAMES:
        add_login(home / "logins", name, "word")
    settings = {"WEB_LOGINS": str(home / "logins"), "PRIVACY_POLICY_URL": POLICY}
    async with (
        open_backend(home / "home", shared_redis, mp4) as backend,
        served_page(backend, **settings) as served,
    ):
        yield served


async def logged_in(session: ClientSession, name: str) -> None:
    login = {"username": name, "password": "word"}
    async with session.post("/login", data=login) as answer:
        assert answer.status == 200


def at(page: ServedPage) -> ClientSession:
    return ClientSession(page.url, cookie_jar=CookieJar(unsafe=True))


async def order(backend: Backend, name: str, prompt: str = "zoom in") -> str:
    person = Requester(f"web:{name}", "en", ReplyTarget("web"), 10**7)
    return (await backend.studio.orders.submit(person, png(), Options(prompt))).id


async def test_the_account_says_what_is_left_and_what_is_kept(page: ServedPage) -> None:
    async with at(page) as session:
        async with session.get("/mutoscope/account") as answer:
            assert answer.status == 401
        await logged_in(session, "ada")
        async with session.get("/mutoscope/account/chart") as answer:
            assert answer.status == 404  # nothing was used yet
        job = await order(page.backend, "ada")
        async with session.get("/mutoscope/account") as answer:
            text = await answer.text()
        assert "logged in as ada" in text
        assert 'action="logout"' in text
        assert "<dt>Left today</dt>" in text
        assert f'href="{POLICY}"' in text
        assert "pictures and clips: 1\n" in text
        assert "cancelled and refunded: 1\n" in text
        await page.backend.jobs.finish(job, CLIP, time.time())
        async with session.get("/mutoscope/account/chart") as answer:
            assert (answer.status, (await answer.read())[:4]) == (200, b"\x89PNG")


async def test_an_export_is_a_zip_that_is_given_so_many_times_a_day(
    page: ServedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporting, now = page.backend.studio.privacy.exporting, time.time()
    monkeypatch.setattr(exporting, "_clock", lambda: now)  # all on one day, at midnight too
    await order(page.backend, "bea")
    async with at(page) as session:
        await logged_in(session, "bea")
        for method in ("GET", "HEAD") * 2:
            async with session.request(method, "/mutoscope/account/export") as answer:
                assert answer.status == 404  # is no export
        for _ in range(3):
            async with session.post("/mutoscope/account/export") as answer:
                assert answer.headers["Content-Disposition"].startswith("attachment")
                data = await answer.read()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            [row] = json.loads(archive.read("orders/00001.json"))
            pictures = [name for name in archive.namelist() if name.startswith("files/")]
        assert row["request"]["prompt"] == "zoom in"
        assert len(pictures) == 1
        async with session.post("/mutoscope/account/export") as answer:
            assert (answer.status, "3 exports today" in await answer.text()) == (403, True)


async def test_who_is_forgotten_leaves_nothing_and_every_tab_is_empty(
    page: ServedPage, shared_redis: str
) -> None:
    backend, words = page.backend, [b"web:cat", b"unicorn"]
    await order(backend, "cat", "a unicorn, zoom in")
    others = await order(backend, "bob", "a lake, zoom in")
    async with at(page) as session, at(page) as other_tab:
        await logged_in(session, "cat")
        await logged_in(other_tab, "cat")
        async with session.post("/mutoscope/pictures", data=png((50, 50))) as answer:
            key = (await answer.json())["key"]
        async with session.post("/gradio_api/upload", data={"files": io.BytesIO(b"x")}) as answer:
            [path] = await answer.json()
        async with other_tab.get("/mutoscope/orders") as answer:
            before = await answer.json()
        assert len(before["cards"]) == 1
        async with session.post("/mutoscope/account/forget") as answer:
            assert (await answer.json())["said"] == "All that was kept of you is deleted."
            assert answer.headers["Clear-Site-Data"] == '"cache"'
        query = f"/mutoscope/orders?version={before['version']}"
        async with other_tab.get(query) as answer:
            after = await answer.json()
        assert (after["cards"], after["moments"]) == ([], [])
        async with other_tab.get("/mutoscope/history") as answer:
            assert "Your clips will appear here." in await answer.text()
        async with session.get(f"/mutoscope/pictures/{key}") as answer:
            assert answer.status == 404
        assert path not in [one for one, _ in in_files(Path(upload_folder()), [b""])]
    assert await in_tables(backend.settings, words) == []
    assert in_redis(shared_redis, words) == []
    assert (await backend.studio.job(others)).owner == "web:bob"


async def test_the_page_drops_whom_another_process_has_erased(
    page: ServedPage, shared_redis: str, mp4: bytes
) -> None:
    hearing = asyncio.create_task(page.backend.studio.privacy.notices.run())
    async with (
        at(page) as session,
        open_backend(page.backend.settings.mutoscope_home, shared_redis, mp4) as another,
    ):
        await logged_in(session, "dan")
        async with session.post("/mutoscope/pictures", data=png((50, 50))) as answer:
            key = (await answer.json())["key"]

        async def is_gone() -> bool:
            await another.studio.privacy.erasing.forget("web:dan")
            async with session.get(f"/mutoscope/pictures/{key}") as answer:
                return answer.status == 404

        await until(is_gone)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)


async def test_what_an_outage_leaves_over_is_told(
    page: ServedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("unavailable_database")

    async with at(page) as session:
        await logged_in(session, "eve")
        for name, status, told in (("_erase", 200, "goes on by itself"), ("ask", 503, "database")):
            monkeypatch.setattr(Erasing, name, away)
            async with session.post("/mutoscope/account/forget") as answer:
                assert (answer.status, told in (await answer.json())["said"]) == (status, True)


async def test_an_outage_is_told_in_words_by_all_that_the_page_loads(
    page: ServedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("unavailable_database")

    async with at(page) as session:
        await logged_in(session, "eve")
        for thing, name in (
            (page.backend.studio.usage, "of_person"),
            (page.backend.studio, "job"),
        ):
            monkeypatch.setattr(type(thing), name, away)
        for path in ("account/chart", "details/0", "clips/0.mp4", "sources/0"):
            async with session.get(f"/mutoscope/{path}") as answer:
                assert (answer.status, "database" in await answer.text()) == (503, True), path


async def test_who_is_banned_is_told_so_in_words(page: ServedPage) -> None:
    def banned(_: ServerPolicy) -> ServerPolicy:
        return ServerPolicy(bans=(Ban("web:fay", "", 1.0, "spam"),))

    await page.backend.studio.policies.change("", "", banned, "ban", "web:fay")
    async with at(page) as session:
        await logged_in(session, "fay")
        async with session.post("/gradio_api/upload", data={"files": io.BytesIO(png())}) as answer:
            [path] = await answer.json()
        picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
        body = {"data": [picture, "zoom in", {}]}
        async with session.post("/gradio_api/call/order", json=body) as answer:
            event = (await answer.json())["event_id"]
        async with session.get(f"/gradio_api/call/order/{event}") as answer:
            assert "turned off for you, because: spam" in await answer.text()
