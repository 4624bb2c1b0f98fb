"""Certificates that clips are signed with: the operator's own, or one that this module makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=10 * 365)
"""How long a certificate of our own is valid.

A clip's credentials are valid for as long as the certificate that they name.
"""
CLOCK_SKEW = timedelta(days=1)
"""By how much the clock of a machine that made a certificate may be ahead of a reader's."""
OWNER = "Mutoscope"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


class BadCertificate(ValueError):
    """A certificate or its key cannot be used; the message is for whoever runs the service."""


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """A chain of certificates, that of the signer first, and the signer's key, all as PEM.

    root is the certificate at the chain's end that is signed by itself, empty where none is given:
    a file does not name it. algorithm is C2PA's name of how the key signs. expires is in UTC.
    """

    chain: str
    root: str
    key: str
    algorithm: str
    expires: datetime


def read_certificate(chain: bytes, key: bytes) -> SigningCertificate:
    """Return the certificate whose chain and key are in these PEM files; raise BadCertificate."""
    try:
        certificates = x509.load_pem_x509_certificates(chain)
    except ValueError as error:
        raise BadCertificate("the chain holds no certificate in PEM") from error
    try:
        private = load_pem_private_key(key, None)
    except TypeError as error:
        raise BadCertificate("the key has a passphrase; write it without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadCertificate("the key is no private key in PEM") from error
    if not isinstance(private, PrivateKey):
        raise BadCertificate("the key is of a kind that C2PA does not know")
    signer = certificates[0]
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if signer.public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
        raise BadCertificate("the key is not that of the chain's first certificate")
    return _as_pem(certificates, private)


def make_certificate(now: datetime) -> SigningCertificate:
    """Return a new certificate, valid from now on, issued by a root of its own.

    The root's key is kept nowhere, so that nothing else can ever be issued by it.
    """
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, name = _name("content credentials root"), _name("content credentials")
    root = (
        _builder(root_name, root_name, root_key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    signer = (
        _builder(name, root_name, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(issuer, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return _as_pem([signer, root], key)


def _as_pem(certificates: list[x509.Certificate], key: PrivateKey) -> SigningCertificate:
    pems = [one.public_bytes(Encoding.PEM).decode() for one in certificates]
    roots = [pem for pem, one in zip(pems, certificates, strict=True) if one.issuer == one.subject]
    chain = "".join(pem for pem in pems if pem not in roots) or pems[0]
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    expires = min(one.not_valid_after_utc for one in certificates)
    return SigningCertificate(chain, "".join(roots), private, _algorithm(key), expires)


def _algorithm(key: PrivateKey) -> str:
    """Return C2PA's name of how a key signs; raise BadCertificate where it has none."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    try:
        return _CURVES[key.curve.name]
    except KeyError as error:
        raise BadCertificate(f"C2PA does not know the key's curve {key.curve.name}") from error


def _name(role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, OWNER),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{OWNER} {role}"),
        ]
    )


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in _USAGES})


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - CLOCK_SKEW)
        .not_valid_after(now.astimezone(UTC) + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
