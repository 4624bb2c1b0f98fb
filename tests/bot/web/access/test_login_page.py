"""Logging in over HTTP: a small form, a cookie for TLS where there is TLS, and a wait."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from starlette.applications import Starlette

from bot.i18n import Translations
from bot.web.access.attempts import FREE
from bot.web.access.login_page import LONGEST_BODY, LoginPage
from bot.web.access.logins import Logins, add_login

RIGHT = {"username": "ada", "password": "engine é&="}


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the login alone."""
    add_login(tmp_path / "logins", "ada", RIGHT["password"])
    app = Starlette(routes=LoginPage(Logins(tmp_path / "logins"), Translations.load()).routes())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as found:
        yield found


async def test_the_cookie_is_for_tls_alone_where_there_is_tls(client: httpx.AsyncClient) -> None:
    for proto, secure in (("https", True), ("https, http", True), ("http", False), ("", False)):
        answer = await client.post("/login", data=RIGHT, headers={"X-Forwarded-Proto": proto})
        assert answer.json() == {"success": True}
        assert ("secure" in answer.headers["set-cookie"].lower()) is secure, proto


async def test_only_a_small_form_is_read(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * LONGEST_BODY:
            sent += 1024
            yield b"a" * 1024

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/login", content=endless(), headers=kind)
    assert answer.status_code == 400
    assert sent <= LONGEST_BODY + 2048
    answer = await client.post("/login", data=RIGHT, files={"file": b"x"})
    assert answer.status_code == 400


async def test_too_many_wrong_passwords_are_told_to_wait(client: httpx.AsyncClient) -> None:
    wrong = RIGHT | {"password": "engine"}
    for _ in range(FREE):
        assert (await client.post("/login", data=wrong)).status_code == 401
    answer = await client.post("/login", data=RIGHT, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "try again in 1 s" in answer.text
