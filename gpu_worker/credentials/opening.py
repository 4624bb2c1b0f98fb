"""Makes a worker's signer by its settings; a wrong certificate is found here, before any order."""

from __future__ import annotations

import logging
from importlib.metadata import PackageNotFoundError, version

from gpu_worker.credentials.claim import Claim, ClaimMaker
from gpu_worker.credentials.clip_signer import ClipSigner, Embed
from gpu_worker.credentials.errors import CannotSign
from gpu_worker.settings import WorkerSettings
from storage.domain.clip import Container
from storage.settings import SettingsError

log = logging.getLogger(__name__)


def open_signer(settings: WorkerSettings) -> ClipSigner | None:
    """Return what signs the clips, None where they carry no credentials.

    Raise SettingsError where the operator's certificate cannot be used, or credentials are required
    and c2pa's library cannot be loaded.
    """
    if settings.credentials == "off":
        return None
    claims = ClaimMaker(_version(), settings.served(), settings.credentials_prompt)
    return ClipSigner(_embed(settings), claims, required=settings.credentials == "required")


def _version() -> str:
    try:
        return version("mutoscope")
    except PackageNotFoundError:  # run from its sources alone
        return "unknown"


def _unable(reason: str) -> Embed:
    """Return what signs nothing, for a reason."""
    log.error("clips will carry no credentials: %s", reason)

    def embed(_data: bytes, _container: Container, _claim: Claim) -> bytes:
        raise CannotSign(reason)

    return embed


def _embed(settings: WorkerSettings) -> Embed:
    """Return what signs with the operator's certificate, or with one that the worker made."""
    try:
        from gpu_worker.credentials.certificate_source import open_embedding  # noqa: PLC0415
    except (ImportError, OSError) as error:
        reason = f"c2pa-python cannot be loaded ({error}); pip install 'mutoscope[worker]'"
        if settings.credentials == "required":
            raise SettingsError(f"CREDENTIALS=required: {reason}") from error
        return _unable(reason)  # a clip is worth more than its credentials
    return open_embedding(settings)
