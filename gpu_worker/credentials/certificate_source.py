"""Chooses the certificate that a worker signs with: the operator's, or one of its own."""

from __future__ import annotations

from pathlib import Path

from gpu_worker.credentials.certificate import (
    BadCertificate,
    read_certificate,
)
from gpu_worker.credentials.certificate_file import CertificateFile
from gpu_worker.credentials.embedding import Embedding
from gpu_worker.credentials.errors import CannotSign
from gpu_worker.settings import WorkerSettings
from storage.domain.text import printable
from storage.settings import SettingsError

FOLDER = "credentials"


def open_embedding(settings: WorkerSettings) -> Embedding:
    """Return what signs with the right certificate; raise SettingsError where that is no use."""
    chain, key = settings.credentials_chain, settings.credentials_key
    if chain is None and key is None:
        own = CertificateFile(settings.mutoscope_home / FOLDER)
        own.current()
        return Embedding(own.current)
    if chain is None or key is None:
        missing = "CREDENTIALS_KEY" if key is None else "CREDENTIALS_CHAIN"
        raise SettingsError(f"{missing} is not set; a chain and its key go together")
    return _of_operator(chain, key)


def _of_operator(chain: Path, key: Path) -> Embedding:
    try:
        certificate = read_certificate(
            _read("CREDENTIALS_CHAIN", chain), _read("CREDENTIALS_KEY", key)
        )
        embedding = Embedding(lambda: certificate)
        embedding.try_out()
    except BadCertificate as error:
        raise SettingsError(f"CREDENTIALS_CHAIN={printable(chain)}: {error}") from error
    except CannotSign as error:
        raise SettingsError(
            f"CREDENTIALS_CHAIN={printable(chain)} is no certificate that signs credentials"
            f" (docs/credentials.md): {error}"
        ) from error
    return embedding


def _read(variable: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{variable}={printable(path)}: {error.strerror}") from error
