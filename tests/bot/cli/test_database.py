"""`mutoscope db` as a process: a service's stores are copied and checked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from storage.blobs import Blobs
from storage.catalogue_file import load_catalogue
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from tests.bot.cli.test_process import mutoscope
from tests.support.examples import CLIP, JOB, job


async def write(url: str, blobs: Blobs) -> dict[str, str]:
    """Write a job with three files, one that was deleted, and a style; return the keys."""
    keys = {name: await blobs.put(name.encode()) for name in ("picture", "clip", "poster", "style")}
    engine = await open_database(url)
    jobs = Jobs(engine, load_catalogue())
    await jobs.add(replace(JOB, request=replace(JOB.request, picture=keys["picture"])))
    await jobs.finish(JOB.id, replace(CLIP, blob=keys["clip"], poster=keys["poster"]), 20.0)
    await jobs.add(job("gone"))
    await jobs.finish("gone", CLIP, 20.0)
    await jobs.forget("gone")
    await jobs.styles.put("7", "oil", keys["style"], 20.0)
    await engine.dispose()
    return keys


def test_files_that_are_missing_or_damaged_are_listed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    blobs = Blobs.open(f"file://{home}/blobs")
    keys = asyncio.run(write(f"sqlite:///{home}/mutoscope.db", blobs))
    sound = mutoscope(tmp_path, "db", "check")
    summary = "4 pictures, clips and styles checked: 0 missing, 0 damaged."
    assert (sound.returncode, sound.stdout) == (0, f"{summary}\n")
    (home / "blobs" / keys["clip"][:2] / keys["clip"]).write_bytes(b"cl\0p")
    (home / "blobs" / keys["poster"][:2] / keys["poster"]).unlink()
    (home / "blobs" / keys["style"][:2] / keys["style"]).unlink()
    found = mutoscope(tmp_path, "db", "check")
    assert found.returncode == 1
    assert found.stdout.splitlines() == [
        f"job clip_blob {keys['clip']} damaged",
        f"job clip_poster {keys['poster']} missing",
        f"7/oil style {keys['style']} missing",
        "4 pictures, clips and styles checked: 2 missing, 1 damaged.",
    ]


def test_files_in_s3_are_checked_too(
    tmp_path: Path, postgres_url: str, s3_url: str, s3_settings: dict[str, str]
) -> None:
    settings = {"DATABASE_URL": postgres_url, "BLOB_URL": s3_url, **s3_settings}

    async def lose() -> None:
        blobs = Blobs.open(s3_url)
        await blobs.delete((await write(postgres_url, blobs))["picture"])

    asyncio.run(lose())
    found = mutoscope(tmp_path, "db", "check", **settings)
    assert found.returncode == 1
    assert "job picture" in found.stdout


def test_a_database_is_copied_and_its_counts_are_shown(tmp_path: Path, postgres_url: str) -> None:
    source = f"sqlite:///{tmp_path}/home/mutoscope.db"
    asyncio.run(write(source, Blobs.open("memory:///")))
    copied = mutoscope(tmp_path, "db", "copy", source, postgres_url)
    assert (copied.returncode, copied.stderr) == (0, "")
    assert {"jobs: 2", "owners: 1", "ledger: 2"} <= set(copied.stdout.splitlines())
    again = mutoscope(tmp_path, "db", "copy", source, postgres_url)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.endswith(" is not empty\n")
