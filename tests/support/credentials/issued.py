"""Certificates as an operator may have them, good and bad ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NO_USAGE = {
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a key of the kind that most have."""
    return ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
    """Return a subject of the operator's."""
    parts = {NameOID.ORGANIZATION_NAME: "Example Films", NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts.items()])


def issue(
    key: Any,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    days: int = 365,
) -> bytes:
    """Return the PEM of a certificate for a key, for a purpose, valid for so many days yet."""
    root, now = new_key(), datetime.now(UTC)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("Signer"))
        .issuer_name(name("Root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1000))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **NO_USAGE), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(root, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, passphrase: bytes = b"") -> bytes:
    """Return a key as a file holds it."""
    locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    written: bytes = key.private_bytes(Encoding.PEM, form, locked)
    return written
