"""Persons log in with a name and a password; what the browser keeps cannot be made up."""

import asyncio
import stat
from pathlib import Path

import pytest

from bot.web.access.attempts import FREE, TooManyAttempts
from bot.web.access.logins import Logins, add_login
from bot.web.access.session import LIFETIME, read_session, write_session
from storage.settings import SettingsError


async def test_a_password_is_known_by_its_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    add_login(path, "ada", "engine")
    logins = Logins(path)
    assert "engine" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await logins.check("ada", "engine")
    assert not await logins.check("ada", "Engine")
    assert not await logins.check("bob", "engine")


async def test_a_new_password_replaces_the_old_one_and_ends_its_sessions(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    add_login(path, "ada", "engine")
    logins = Logins(path)
    session = write_session("ada", logins.entries()["ada"], now=0.0)
    assert read_session(session, logins.entries(), 1.0) == "ada"
    add_login(path, "ada", "loom")
    add_login(path, "bob", "loom")
    assert await logins.check("ada", "loom")
    assert read_session(session, logins.entries(), 1.0) is None


def test_a_session_ends_and_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    add_login(path, "ada", "engine")
    entries = Logins(path).entries()
    session = write_session("ada", entries["ada"], now=0.0)
    assert read_session(session, entries, LIFETIME + 1.0) is None
    told, until, signature = session.split(".")
    assert read_session(f"{told}.{int(until) + 9}.{signature}", entries, 1.0) is None
    assert read_session(f"Ym9i.{until}.{signature}", {**entries, "bob": "x"}, 1.0) is None
    for broken in ("", ".", "..", "a.b.c", "é.1.x"):
        assert read_session(broken, entries, 1.0) is None


async def test_passwords_sent_together_are_counted_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "logins"
    add_login(path, "ada", "engine")
    logins = Logins(path)
    for _ in range(FREE - 1):
        assert await logins.check("ada", "wrong", "9.9.9.9") is None
    sent = [logins.check("ada", word, "9.9.9.9") for word in ("wrong", "Engine", "engine")]
    told = await asyncio.gather(*sent, return_exceptions=True)
    assert told[0] is None
    assert [type(one) for one in told[1:]] == [TooManyAttempts] * 2
    assert await logins.check("ada", "engine", "8.8.8.8")  # nobody else is locked out


async def test_a_file_that_is_being_written_ends_no_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "logins"
    add_login(path, "ada", "engine")
    logins = Logins(path)
    known = logins.entries()
    path.write_text("ada:0")
    for _ in range(3):
        assert logins.current() == known
    assert len(caplog.records) == 1
    path.unlink()
    path.mkdir()
    assert logins.current() == known
    path.rmdir()
    assert await logins.check("ada", "engine")
    assert len(caplog.records) == 3
    add_login(path, "bob", "loom")
    assert logins.current().keys() == {"bob"}


async def test_an_unknown_name_takes_a_hash_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hashed = tmp_path / "logins", list[str]()
    add_login(path, "ada", "engine")

    def hashing(password: str, _salt: bytes) -> str:
        hashed.append(password)
        return "x"

    monkeypatch.setattr("bot.web.access.logins._hash", hashing)
    for name in ("ada", "bob"):
        assert await Logins(path).check(name, name) is None
    assert hashed == ["ada", "bob"]


@pytest.mark.parametrize("text", ["ada:secret\n", "ada\n", "\xff:1"])
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "logins"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(SettingsError, match="WEB_LOGINS"):
        Logins(path).entries()


def test_a_name_that_no_login_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="letters"):
        add_login(tmp_path / "logins", "a:b", "engine")
