"""`mutoscope report` says what this command made, as text or as CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import main
from bot.cli.local_user import OWNER
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.job import ReplyTarget
from storage.domain.quota import DAY
from storage.settings import Settings
from tests.support.catalogue.admission import CATALOGUE
from tests.support.examples import CLIP, job


async def fill(settings: Settings) -> None:
    """Make two clips of this command, and one of somebody else."""
    engine = await open_database(settings.database_url)
    jobs, now = Jobs(engine, CATALOGUE), time.time()
    for name, owner, created in (
        ("a", OWNER, now),
        ("b", OWNER, now - 40 * DAY),
        ("c", "ann", now),
    ):
        await jobs.add(replace(job(name, owner, created), reply_to=ReplyTarget("cli")))
        await jobs.finish(name, CLIP, now)
    await engine.dispose()


@pytest.fixture(autouse=True)
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTOSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    asyncio.run(fill(Settings.from_environment({"MUTOSCOPE_HOME": str(tmp_path / "home")})))


def test_the_sums_are_of_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"finished: 2", "Spent in all: 10 credits"} <= set(lines)


@pytest.mark.parametrize(("days", "done"), [((), "1"), (("--days", "60"), "2")])
def test_the_last_days_are_a_table(
    days: tuple[str, ...], done: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--csv", *days]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert (rows[0]["group"], rows[0]["done"]) == ("total", done)
    assert [(row["key"], row["done"]) for row in rows if row["group"] == "model"] == [
        ("embedded", done)
    ]
    assert {row["group"] for row in rows} == {"total", "day", "model"}


@pytest.mark.parametrize("days", ["0", "4000", "x"])
def test_no_days_or_too_many_are_refused(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report", "--days", days])
    assert caught.value.code == 2
    assert "--days" in capsys.readouterr().err
