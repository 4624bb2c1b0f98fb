"""The command says one line and has an exit status, whatever is wrong around it.

What needs no process of its own runs in this one: a start takes a second of a core.
"""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import main
from tests.support.stores.postgres_server import PostgresServer

PICTURE = "a.png"
UNSET = ("REDIS_URL", "DATABASE_URL", "BLOB_URL", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP")


def mutoscope(
    folder: Path, *arguments: str | bytes, **environ: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    Image.radial_gradient("L").save(folder / PICTURE)
    home = {"MUTOSCOPE_HOME": str(folder / "home"), "LANG": "en_US.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**kept, "HOME": str(folder), **home, **environ},
        check=False,
    )


@dataclass(frozen=True)
class Ended:
    """How the command ended in this process."""

    returncode: int
    stderr: str


def run_here(folder: Path, *arguments: str, **environ: str) -> Ended:
    """Run the command with no other environment than a process of it would have."""
    errors = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(errors):
        for name in {*environ, *UNSET} & os.environ.keys():
            patch.delenv(name)
        for name, value in {"MUTOSCOPE_HOME": str(folder / "home"), **environ}.items():
            patch.setenv(name, value)
        return Ended(main(arguments), errors.getvalue())


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("REDIS_URL", "localhost:6379", "does not begin with redis://"),
        ("REDIS_URL", "redis://:geh#eim@127.0.0.1:6379/0", "# is written as %23"),
        ("DATABASE_URL", "mysql://me:geheim@there/x", "does not begin with sqlite://"),
        ("BLOB_URL", "me:geheim", "is no URL"),
    ],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, name: str, value: str, reason: str) -> None:
    ended = run_here(tmp_path, "report", **{name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"mutoscope: {name}")
    assert reason in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert "eim" not in ended.stderr


@pytest.mark.parametrize(
    ("user", "database", "reason"),
    [
        ("guest:geheim", "postgres", "PostgreSQL refuses the user or the password"),
        ("me", "nowhere", "PostgreSQL has no such database; create it with createdb"),
    ],
)
def test_what_postgresql_refuses_is_one_line(
    tmp_path: Path, postgres: PostgresServer, user: str, database: str, reason: str
) -> None:
    ended = run_here(tmp_path, "report", DATABASE_URL=postgres.url(database, user))
    assert ended.returncode == 2
    assert ended.stderr == f"mutoscope: DATABASE_URL: :5432/{database}: {reason}\n"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({}, "BLOB_URL: s3://nowhere: there is no such bucket; create it"),
        ({"AWS_ENDPOINT_URL": ""}, "AWS_ENDPOINT_URL is empty; write https://HOST:PORT, or unset"),
        ({"AWS_ENDPOINT_URL": "minio:9000"}, "AWS_ENDPOINT_URL is no address; write https://HOST"),
        ({"AWS_ALLOW_HTTP": ""}, "AWS_ENDPOINT_URL begins with http://; set AWS_ALLOW_HTTP=true"),
    ],
)
def test_what_s3_refuses_is_one_line(
    tmp_path: Path, s3_settings: dict[str, str], settings: dict[str, str], line: str
) -> None:
    environ = {"BLOB_URL": "s3://nowhere", **s3_settings, **settings}
    ended = run_here(tmp_path, "report", **environ)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"mutoscope: {line}")
    assert len(ended.stderr.splitlines()) == 1


def test_a_corrupt_database_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    database = tmp_path / "home" / "mutoscope.db"
    database.write_text("no database, really not at all")
    ended = mutoscope(tmp_path, "report")
    assert ended.returncode == 1
    reason = f"The database {database} cannot be used: file is not a database"
    assert ended.stderr == f"mutoscope: {reason}\n"


def test_a_redis_that_was_named_is_not_replaced(tmp_path: Path, redis_url: str) -> None:
    wrong = redis_url.replace("unix://", "unix://:geheim@")
    arguments = ("animate", str(tmp_path / PICTURE), "--prompt", "zoom in", "-o", str(tmp_path))
    for url in (wrong, f"unix://{tmp_path}/nothing.sock"):
        ended = mutoscope(tmp_path, *arguments, REDIS_URL=url)
        assert ended.returncode == 2
        [line] = ended.stderr.splitlines()
        assert line.startswith("mutoscope: Redis at /")
        assert "REDIS_URL" in line
        assert "geheim" not in line
    assert not (tmp_path / "home").exists()


def test_a_terminal_without_utf_8_gets_every_text(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shown = mutoscope(tmp_path, "animate", "--help", **ascii_only)
    assert (shown.returncode, shown.stderr) == (0, "")
    report = mutoscope(tmp_path, "report", "--locale", "zh-CN", **ascii_only)
    assert (report.returncode, report.stderr) == (0, "")
    missing = mutoscope(tmp_path, "animate", b"caf\xe9.png", "--prompt", "镜头拉远", **ascii_only)
    assert missing.returncode == 2
    assert "cannot be read: No such file or directory" in missing.stderr


def test_an_output_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    for out in (tmp_path / PICTURE, tmp_path / PICTURE / "below"):
        arguments = (str(tmp_path / PICTURE), "--prompt", "zoom in", "-o", str(out))
        ended = mutoscope(tmp_path, "animate", *arguments)
        assert ended.returncode == 2
        reason = f"The clips cannot be written to the folder {out}: Not a directory"
        assert ended.stderr == f"{reason}\n"


def test_the_database_opens_wherever_the_code_and_its_data_lie(tmp_path: Path) -> None:
    place = tmp_path / "60% Key's #?\n\"é"
    place.mkdir()
    for package in ("bot", "storage", "generation.yaml"):
        (place / package).symlink_to(Path(__file__).parents[3] / package)
    ended = mutoscope(
        tmp_path, "report", PYTHONPATH=str(place), MUTOSCOPE_HOME=f"{place}/a%20b caf\udce9"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (place / "a%20b caf\udce9" / "mutoscope.db").is_file()
