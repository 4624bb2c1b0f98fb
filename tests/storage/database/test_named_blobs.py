"""Every blob that a job or a style names is yielded once, however many pages they fill."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.catalogue_file import load_catalogue
from storage.database import named_blobs as module
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.database.named_blobs import NamedBlob, named_blobs
from tests.support.examples import job


async def test_jobs_and_styles_are_gone_through_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/mutoscope.db")
    jobs = Jobs(engine, load_catalogue())
    for number in range(3):
        await jobs.add(job(f"j{number}"))
    kept = [("1", "ink"), ("1", "oil"), ("2", "ink"), ("2", "oil"), ("2", "wax")]
    for owner, name in kept:
        await jobs.styles.put(owner, name, "f" * 64, 1.0)
    found = [blob for [*page] in [page async for page in named_blobs(engine)] for blob in page]
    await engine.dispose()
    assert [one.row for one in found if one.column == "picture"] == ["j0", "j1", "j2"]
    wanted = [NamedBlob(f"{owner}/{name}", "style", "f" * 64) for owner, name in kept]
    assert [one for one in found if one.column == "style"] == wanted
