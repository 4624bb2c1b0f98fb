"""`mutoscope clips` and `mutoscope clip` find what the command made."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import main
from bot.cli.local_user import OWNER
from storage.blobs import Blobs
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.job import Status
from storage.settings import Settings
from tests.support.catalogue.admission import CATALOGUE
from tests.support.clip_files import smallest_mp4
from tests.support.examples import CLIP, REQUEST, job

PARENT, CHILD, OTHERS = "a" * 16, "b" * 16, "c" * 16
FILE = smallest_mp4()


async def fill(settings: Settings) -> None:
    """Add three clips, one of them of somebody else."""
    engine = await open_database(settings.database_url)
    jobs, blob = Jobs(engine, CATALOGUE), await Blobs.open(settings.blob_url).put(FILE)
    for number, (name, owner, parent) in enumerate(
        ((PARENT, OWNER, ""), (CHILD, OWNER, PARENT), (OTHERS, "ann", PARENT))
    ):
        request = replace(REQUEST, prompt="a lake,\nzoom in", seed=number)
        clip = replace(CLIP, blob=blob, poster="", seed=number)
        done = replace(job(name, owner), request=request, parent=parent, clip=clip, cached=True)
        await jobs.add(replace(done, status=Status.DONE, ended=1000.0 + number, cost=0))
    await engine.dispose()


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTOSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    asyncio.run(fill(Settings.from_environment({"MUTOSCOPE_HOME": str(tmp_path / "home")})))


@pytest.mark.usefixtures("library")
def test_own_clips_are_listed_the_newest_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clips"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [
        (CHILD, "a lake, zoom in"),
        (PARENT, "a lake, zoom in"),
    ]
    assert main(["clips", "--limit", "1", "--search", "LAKE"]) == 0
    assert capsys.readouterr().out.startswith(CHILD)
    assert main(["clips", "--search", "sea"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("library")
def test_a_clip_is_described_and_written_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "again.mp4"
    assert main(["clip", CHILD, "-o", str(target)]) == 0
    assert target.read_bytes() == FILE
    out = capsys.readouterr().out
    assert "seed: 1\n" in out
    assert f"Made from: {PARENT} (Retry)" in out
    assert main(["clip", PARENT]) == 0
    out = capsys.readouterr().out
    assert f"Made of it, the newest first: {CHILD} (Retry)" in out
    assert OTHERS not in out
    assert main(["clip", CHILD, "-o", str(tmp_path / "no" / "folder.mp4")]) == 1
    assert "folder.mp4: " in capsys.readouterr().err


@pytest.mark.usefixtures("library")
def test_an_unknown_clip_and_one_of_somebody_else_are_refused_alike(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in (OTHERS, "d" * 16):
        assert main(["clip", name]) == 1
        assert capsys.readouterr().err == "mutoscope: I do not know that clip any more.\n"
