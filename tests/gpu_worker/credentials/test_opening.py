"""A worker's signer, by its settings."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from gpu_worker.credentials.clip_signer import ClipSigner
from gpu_worker.credentials.opening import open_signer
from gpu_worker.media.encode import encode
from gpu_worker.settings import WorkerSettings
from storage.credentials.reading import read_credentials
from storage.settings import SettingsError
from tests.gpu_worker.media.test_encode import PLENTY, scene
from tests.support.credentials.issued import issue, new_key, pem
from tests.support.credentials.signing import valid_credentials
from tests.support.examples import REQUEST
from tests.test_house import ROOT

KEY = new_key()
CHAIN = issue(KEY)


@cache
def film() -> bytes:
    return encode(scene(2, 64, 64), 8, PLENTY, {}).data


def opened(folder: Path, **environ: str) -> ClipSigner | None:
    given = {"MUTOSCOPE_HOME": str(folder / "home"), **environ}
    return open_signer(WorkerSettings.from_environment(given))


def files(folder: Path, chain: bytes, key: bytes) -> dict[str, str]:
    """Return the settings of an operator's certificate."""
    paths = {"CREDENTIALS_CHAIN": folder / "chain.pem", "CREDENTIALS_KEY": folder / "key.pem"}
    for path, data in zip(paths.values(), (chain, key), strict=True):
        path.write_bytes(data)
    return {name: str(path) for name, path in paths.items()}


def test_without_settings_a_worker_signs_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    signer = opened(tmp_path)
    assert signer is not None
    assert not signer.required
    assert valid_credentials(signer.sign(film(), REQUEST, b"")).issuer == "Mutoscope"
    root = (tmp_path / "home" / "credentials" / "certificate.pem").read_text("ascii")
    found = read_credentials(signer.sign(film(), REQUEST, b""), anchors=root)
    assert found is not None
    assert found.trusted


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
)
def test_the_operators_certificate_is_used(tmp_path: Path, key: Any) -> None:
    signer = opened(tmp_path, **files(tmp_path, issue(key), pem(key)), CREDENTIALS="required")
    assert signer is not None
    assert signer.required
    assert valid_credentials(signer.sign(film(), REQUEST, b"")).issuer == "Example Films"
    assert not (tmp_path / "home").exists()


def test_a_key_in_openssls_older_form_will_do(tmp_path: Path) -> None:
    assert opened(tmp_path, **files(tmp_path, CHAIN, pem(KEY, PrivateFormat.TraditionalOpenSSL)))


def test_credentials_can_be_switched_off(tmp_path: Path) -> None:
    assert opened(tmp_path, CREDENTIALS="off") is None
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("chain", "key", "fault"),
    [
        (b"nonsense", pem(KEY), "no certificate in PEM"),
        (CHAIN, b"nonsense", "no private key in PEM"),
        (CHAIN, pem(KEY, passphrase=b"secret"), "has a passphrase"),
        (CHAIN, pem(new_key()), "not that of the chain's first certificate"),
        (issue(KEY, days=-1), pem(KEY), "not valid at time of signing"),
        (issue(KEY, ExtendedKeyUsageOID.SERVER_AUTH), pem(KEY), "certificate is invalid"),
    ],
)
def test_a_wrong_certificate_is_named(tmp_path: Path, chain: bytes, key: bytes, fault: str) -> None:
    with pytest.raises(SettingsError, match=f"^CREDENTIALS_CHAIN=.*{fault}"):
        opened(tmp_path, **files(tmp_path, chain, key))


@pytest.mark.parametrize("missing", ["CREDENTIALS_CHAIN", "CREDENTIALS_KEY"])
def test_a_chain_and_its_key_go_together(tmp_path: Path, missing: str) -> None:
    given = files(tmp_path, CHAIN, pem(KEY))
    del given[missing]
    with pytest.raises(SettingsError, match=missing):
        opened(tmp_path, **given)
    with pytest.raises(SettingsError, match=missing):
        opened(tmp_path, **given, **{missing: str(tmp_path / "gone.pem")})


def test_a_wrong_certificate_ends_the_worker_with_one_line(tmp_path: Path) -> None:
    given = files(tmp_path, CHAIN, pem(new_key())) | {"MUTOSCOPE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "gpu_worker"]
    done = subprocess.run(
        command, env={**os.environ, **given}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    [line] = (done.stdout + done.stderr).splitlines()
    assert "CREDENTIALS_CHAIN=" in line


def test_without_the_library_clips_are_posted_unless_credentials_are_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for module in ("certificate_source", "embedding"):
        monkeypatch.delitem(sys.modules, f"gpu_worker.credentials.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    signer = opened(tmp_path)
    assert signer is not None
    assert signer.sign(b"film", REQUEST, b"") == b"film"
    assert "pip install 'mutoscope[worker]'" in caplog.text
    with pytest.raises(SettingsError, match="c2pa-python cannot be loaded"):
        opened(tmp_path, CREDENTIALS="required")
