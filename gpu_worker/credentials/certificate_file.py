"""The certificate that a worker made itself, kept in a file that workers of one home share."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gpu_worker.credentials.certificate import (
    LIFETIME,
    BadCertificate,
    SigningCertificate,
    make_certificate,
    read_certificate,
)

log = logging.getLogger(__name__)

FILE = "certificate.pem"
RENEWAL = timedelta(days=365)
"""After how long a certificate is replaced, so that every clip's is valid for nine years more."""

_KEY = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n?", re.DOTALL)


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class CertificateFile:
    """A folder with one file of the key and the chain, so that nobody reads half of a pair."""

    folder: Path
    clock: Callable[[], datetime] = utc_now
    _current: SigningCertificate | None = None

    def current(self) -> SigningCertificate:
        """Return the certificate, made if there is none, it is damaged, or it is due for renewal.

        Of several workers that find none at once, all return the same one. One that cannot be
        written is returned all the same, for this process.
        """
        if self._current is None or self._is_due(self._current):
            self._current = self._kept()
        return self._current

    def _kept(self) -> SigningCertificate:
        found = self._read()
        if found is not None:
            return found
        made = make_certificate(self.clock())
        try:
            self._keep(made)
        except OSError as error:
            log.warning("the certificate for credentials cannot be kept: %s", error)
            return made
        return self._read() or made

    def _is_due(self, certificate: SigningCertificate) -> bool:
        return certificate.expires - self.clock() < LIFETIME - RENEWAL

    def _read(self) -> SigningCertificate | None:
        """Return the certificate in the file, None where another one is needed."""
        try:
            data = (self.folder / FILE).read_bytes()
            found = read_certificate(data, b"".join(_KEY.findall(data)))
        except FileNotFoundError:
            return None
        except (OSError, BadCertificate) as error:
            log.warning("the certificate for credentials is made anew: %s", error)
            return None
        return None if self._is_due(found) else found

    def _keep(self, made: SigningCertificate) -> None:
        """Write the file, whole or not at all; another worker's that is there by now stays."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.folder / FILE
        # mkstemp makes it readable by this user alone.
        handle, partial = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".partial")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(made.key + made.chain + made.root)
            try:
                target.hardlink_to(partial)
            except FileExistsError:
                if self._read() is None:
                    Path(partial).replace(target)
        finally:
            Path(partial).unlink(missing_ok=True)
