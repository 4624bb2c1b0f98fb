"""The certificate that workers of one home make themselves and share."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gpu_worker.credentials.certificate import LIFETIME
from gpu_worker.credentials.certificate_file import FILE, RENEWAL, CertificateFile
from tests.test_house import ROOT

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PRINT_KEY = """
import sys
from pathlib import Path
from gpu_worker.credentials.certificate_file import CertificateFile
sys.stdin.read()
print(CertificateFile(Path(sys.argv[1])).current().key)
"""


def at(folder: Path, now: datetime = NOW) -> CertificateFile:
    return CertificateFile(folder, lambda: now)


def test_it_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    made = at(folder).current()
    assert at(folder).current() == made
    assert (made.algorithm, made.expires) == ("es256", NOW + LIFETIME)
    [file] = folder.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == (FILE, 0o600)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_workers_that_start_at_once_share_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PRINT_KEY, str(tmp_path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": ROOT}
    workers = [subprocess.Popen(command, **pipes) for _ in range(4)]
    for worker in workers:  # all have loaded when the first may begin
        assert worker.stdin is not None
        worker.stdin.close()
        worker.stdin = None
    assert len({worker.communicate()[0] for worker in workers}) == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_it_is_remade_long_before_it_expires(tmp_path: Path) -> None:
    first = at(tmp_path).current()
    day = timedelta(days=1)
    assert at(tmp_path, NOW + RENEWAL - day).current() == first
    second = at(tmp_path, NOW + RENEWAL + day).current()
    assert second != first
    assert at(tmp_path, NOW + RENEWAL + day).current() == second


def test_a_worker_that_runs_for_years_renews_it(tmp_path: Path) -> None:
    now = [NOW]
    file = CertificateFile(tmp_path, lambda: now[0])
    first = file.current()
    assert file.current() is first
    now[0] += RENEWAL + timedelta(days=1)
    assert file.current().expires == now[0] + LIFETIME


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_damaged_one_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    first, file = at(tmp_path).current(), tmp_path / FILE
    file.write_bytes(file.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")[0] + damage)
    second = at(tmp_path).current()
    assert second != first
    assert at(tmp_path).current() == second


def test_a_home_that_cannot_be_written_costs_no_clip(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    certificates = at(tmp_path / "file" / "credentials")
    made = certificates.current()
    assert certificates.current() is made
    assert "cannot be kept" in caplog.text
