"""An operator exports, forgets and bans a person of the page by the command line."""

from __future__ import annotations

import asyncio
import builtins
import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import main
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.errors import NotAllowed
from storage.domain.job import Status
from storage.domain.trust.rules import check_service
from storage.settings import Settings
from tests.support.catalogue.admission import CATALOGUE
from tests.support.examples import CLIP, REQUEST, job
from tests.support.privacy.traces import in_tables

ADA = "web:ada"


async def fill(settings: Settings) -> None:
    """Add a clip of ada's, and one of somebody else."""
    engine = await open_database(settings.database_url)
    jobs = Jobs(engine, CATALOGUE)
    for number, (name, owner, prompt) in enumerate(
        (("a" * 16, ADA, "a unicorn"), ("b" * 16, "web:ad", "a lake"))
    ):
        request = replace(REQUEST, prompt=prompt, seed=number)
        done = replace(job(name, owner), request=request, clip=CLIP, cached=True)
        await jobs.add(replace(done, status=Status.DONE, ended=1000.0, cost=0))
    await engine.dispose()


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MUTOSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.delenv("REDIS_URL", raising=False)
    found = Settings.from_environment({"MUTOSCOPE_HOME": str(tmp_path / "home")})
    asyncio.run(fill(found))
    return found


def test_a_person_is_exported_once_into_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ada.zip"
    assert main(["export", ADA, "-o", str(file)]) == 0
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as archive:
        [order] = json.loads(archive.read("orders/00001.json"))
    assert order["request"]["prompt"] == "a unicorn"
    assert str(file) in capsys.readouterr().out
    assert main(["export", ADA, "-o", str(file)]) == 1
    assert "File exists" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "status"), [("yes", 1), (ADA, 0)])
def test_a_person_is_forgotten_once_their_name_is_written_again(
    answer: str,
    status: int,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[str] = []

    def write(text: str) -> str:
        asked.append(text)
        return answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", write)
    assert main(["forget", ADA]) == status
    assert "pictures and clips: 1, of these unfinished" in asked[0]
    found = asyncio.run(in_tables(settings, [ADA.encode(), b"unicorn"]))
    # Whoever serves the page finds the name there, for the command has no Redis.
    assert status or {table for table, _ in found} == {"erasures"}
    assert ("Redis is not there" in capsys.readouterr().out) is not bool(status)
    assert any(word == b"unicorn" for _, word in found) is bool(status)
    assert asyncio.run(in_tables(settings, [b"a lake"]))


def test_nobody_is_forgotten_without_being_asked(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget", ADA]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert asyncio.run(in_tables(settings, [b"unicorn"]))
    assert main(["forget", "--yes", ADA]) == 0
    assert asyncio.run(in_tables(settings, [b"unicorn"])) == []


def test_a_redis_that_is_named_and_away_is_told_before_anything_is_erased(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert main(["forget", "--yes", ADA]) == 2
    assert asyncio.run(in_tables(settings, [b"unicorn"]))


def test_a_person_is_banned_listed_and_let_in_again(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def check(person: str) -> None:
        engine = await open_database(settings.database_url)
        policy = await Jobs(engine, CATALOGUE).servers.policy("")
        await engine.dispose()
        check_service(policy, person, operator=False)

    assert main(["ban", ADA, "--reason", "spam\nand  more"]) == 0
    with pytest.raises(NotAllowed, match="denied_banned_by_nobody_because") as caught:
        asyncio.run(check(ADA))
    assert caught.value.parameters["reason"] == "spam and more"
    asyncio.run(check("web:ad"))
    capsys.readouterr()
    assert main(["bans"]) == 0
    [line] = [one.split("\t") for one in capsys.readouterr().out.splitlines()]
    assert (line[0], line[2], line[3]) == (ADA, "-", "spam and more")
    assert [main(["unban", ADA]), main(["unban", ADA])] == [0, 1]
    asyncio.run(check(ADA))


@pytest.mark.parametrize("person", ["ada", "anonymous", "0", "web:", "web:a\x7f", ""])
def test_a_name_that_is_nobodys_is_refused(person: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["ban", person])
    assert "web:NAME or web (the page)" in capsys.readouterr().err
