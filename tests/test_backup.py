"""Every command by which the operator's guide copies, backs up and restores the stores."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from storage.blobs import Blobs
from storage.database.connect import open_database
from tests.bot.cli.test_database import write
from tests.storage.database.test_copying import rows_of
from tests.support.stores.postgres_server import PostgresServer, programs
from tests.test_operating import UPGRADE, blocks, section, unmarked

MOVE, BACKUP = ("From SQLite to PostgreSQL, and back", "Backup and restore")
SOUND = "4 pictures, clips and styles checked: 0 missing, 0 damaged."


def run(folder: Path, commands: list[str], **settings: str) -> str:
    """Run commands as they stand in the guide; return what they print."""
    tools = [str(Path(sys.executable).parent), str(programs()), os.environ["PATH"]]
    kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    environ = {"PATH": os.pathsep.join(tools), "HOME": str(folder), **kept, **settings}
    script = "\n".join(["set -eu", *commands])
    ended = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def plain(url: str) -> str:
    """Return a URL as PostgreSQL's own programs read it."""
    return url.replace("+asyncpg", "")


@pytest.fixture
def home(tmp_path: Path, postgres: PostgresServer) -> Path:
    """A service's home with a job, its files, and a deleted job."""
    folder = tmp_path / "var"
    url = f"sqlite:///{folder}/mutoscope.db"
    asyncio.run(write(url, Blobs.open(f"file://{folder}/blobs")))
    return folder


def test_the_guide_has_no_other_commands() -> None:
    assert [len(blocks(section(title))) for title in (MOVE, BACKUP)] == [1, 4]


def test_a_database_is_taken_to_postgresql(home: Path, postgres_url: str) -> None:
    [(_, move)] = blocks(section(MOVE))
    assert "Everything was copied" in run(home.parent, move, DATABASE_URL=plain(postgres_url))
    before = asyncio.run(rows_of(f"sqlite:///{home}/mutoscope.db"))
    assert asyncio.run(rows_of(postgres_url)) == before


def test_sqlite_and_files_are_restored(home: Path) -> None:
    (_, backup), (_, restore), *_ = blocks(section(BACKUP))
    url = f"sqlite:///{home}/mutoscope.db"

    async def back_up_beside_a_bot() -> None:
        engine = await open_database(url)
        async with engine.begin():
            for _ in range(2):
                await asyncio.to_thread(run, home.parent, backup)
        await engine.dispose()

    asyncio.run(back_up_beside_a_bot())
    before = asyncio.run(rows_of(url))
    home.rename(home.with_name("lost"))
    assert SOUND in run(home.parent, restore)
    restored = f"sqlite:///{home.parent}/restored/mutoscope.db"
    assert asyncio.run(rows_of(restored)) == before


def test_an_upgrade_is_taken_back(home: Path) -> None:
    before_upgrade, way_back = unmarked(section(UPGRADE))
    url = f"sqlite:///{home}/mutoscope.db"
    for _ in range(2):
        run(home.parent, before_upgrade)
    before = asyncio.run(rows_of(url))
    with sqlite3.connect(home / "mutoscope.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    check = ["mutoscope db check 2>&1 || echo refused"]
    assert "newer release" in (refusal := run(home.parent, check))
    assert len(refusal.splitlines()) == 2
    run(home.parent, way_back)
    assert SOUND in run(home.parent, check)
    assert asyncio.run(rows_of(url)) == before


def test_postgresql_is_restored(home: Path, postgres: PostgresServer, postgres_url: str) -> None:
    *_, (_, backup), (_, restore) = blocks(section(BACKUP))
    asyncio.run(write(postgres_url, Blobs.open("memory:///")))
    run(home.parent, backup, DATABASE_URL=plain(postgres_url))
    with postgres.database() as name:
        settings = {"RESTORED_URL": plain(postgres.url(name)), "MUTOSCOPE_HOME": str(home)}
        assert SOUND in run(home.parent, restore, **settings)
        assert asyncio.run(rows_of(postgres.url(name))) == asyncio.run(rows_of(postgres_url))
