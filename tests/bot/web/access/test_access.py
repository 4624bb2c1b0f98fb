"""Who is who, and where the page refuses to be served to everybody."""

from pathlib import Path

import pytest
from starlette.requests import Request

from bot.settings import WebSettings
from bot.web.access.access import LOCAL, ProxyAccess, open_access
from bot.web.access.logins import Logins, add_login
from bot.web.access.session import COOKIE, write_session
from storage.settings import SettingsError


def request(sender: str = "127.0.0.1", **headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "headers": pairs, "client": (sender, 1)})


def settings(**variables: str) -> WebSettings:
    return WebSettings.from_environment(variables)


@pytest.mark.parametrize(
    ("headers", "owner"),
    [
        ({"host": "127.0.0.1:7860"}, LOCAL),
        ({"host": "localhost:7860"}, LOCAL),
        ({"host": "[::1]:7860"}, LOCAL),
        ({"host": "127.0.0.2:7860"}, LOCAL),
        ({"host": "127.0.0.2.evil.example"}, None),
        ({"host": "evil.example:7860"}, None),  # whose name leads to this machine
        ({"host": "localhost", "x_forwarded_for": "9.9.9.9"}, None),  # behind a proxy
        ({}, None),
    ],
)
def test_without_a_login_one_person_is_at_this_machine(
    headers: dict[str, str], owner: str | None
) -> None:
    assert open_access(settings()).owner_of(request(**headers)) == owner


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "page.example"])
def test_nobody_listens_beyond_loopback_without_a_login(host: str) -> None:
    with pytest.raises(SettingsError, match="WEB_LOGINS"):
        open_access(settings(WEB_HOST=host))


def test_a_login_tells_persons_apart(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    add_login(path, "ada", "engine")
    access = open_access(settings(WEB_HOST="0.0.0.0", WEB_LOGINS=str(path)))
    entry = Logins(path).entries()["ada"]
    session = write_session("ada", entry, now=2e9)
    assert access.owner_of(request(cookie=f"{COOKIE}={session}")) == "web:ada"
    assert access.owner_of(request(cookie=f"{COOKIE}=ada")) is None
    assert access.owner_of(request()) is None


def test_an_empty_file_of_logins_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logins").write_text("# nobody yet\n")
    with pytest.raises(SettingsError, match="--add-login"):
        open_access(settings(WEB_LOGINS=str(tmp_path / "logins")))


def test_a_trusted_proxy_names_the_person_and_nobody_else_does() -> None:
    proxies = {"WEB_USER_HEADER": "X-Remote-User", "WEB_TRUSTED_PROXIES": "10.0.0.0/8 ::1"}
    access = open_access(settings(WEB_HOST="0.0.0.0", **proxies))
    assert access.owner_of(request("10.1.2.3", x_remote_user="ada@home")) == "web:ada@home"
    assert access.owner_of(request("::1", x_remote_user="ada")) == "web:ada"
    assert access.owner_of(request("11.1.2.3", x_remote_user="ada")) is None
    assert access.owner_of(request("10.1.2.3")) is None
    assert access.owner_of(request("10.1.2.3", x_remote_user="a" * 91)) is None
    assert access.owner_of(request("10.1.2.3", x_remote_user="zoë 王")) == "web:zoë 王"


def test_a_name_that_is_no_utf_8_or_sent_twice_is_nobodys() -> None:
    access = ProxyAccess("x-user", ("10.0.0.0/8",))
    for values in ([b"zo\xeb"], [b"ada", b"bob"], [b"ada", b"ada"], [b""], [b"a\x07"]):
        pairs = [(b"x-user", value) for value in values]
        sent = Request({"type": "http", "headers": pairs, "client": ("10.1.2.3", 1)})
        assert access.owner_of(sent) is None, values


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"WEB_USER_HEADER": "X-User"}, "WEB_TRUSTED_PROXIES"),
        ({"WEB_USER_HEADER": "X-User", "WEB_LOGINS": "logins"}, "one of them"),
        ({"WEB_TRUSTED_PROXIES": "everybody"}, "addresses or networks"),
        ({"WEB_HOST": "a b"}, "WEB_HOST"),
        ({"WEB_USER_HEADER": "a b"}, "WEB_USER_HEADER"),
    ],
)
def test_settings_that_tell_nobody_apart_are_refused(
    variables: dict[str, str], reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason):
        open_access(settings(**variables))
