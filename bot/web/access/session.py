"""A login that the browser keeps: a cookie signed with the person's own entry among the logins."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

COOKIE = "mutoscope"
LIFETIME = 30 * 86_400  # seconds


def write_session(name: str, entry: str, now: float) -> str:
    """Return the cookie's value; it is void once the person's password is another one."""
    told = base64.urlsafe_b64encode(name.encode()).decode()
    until = f"{now + LIFETIME:.0f}"
    return f"{told}.{until}.{_signature(name, until, entry)}"


def read_session(value: str, entries: dict[str, str], now: float) -> str | None:
    """Return whose session this is, None where it is nobody's or over."""
    told, _, rest = value.partition(".")
    until, _, signature = rest.partition(".")
    try:
        name = base64.urlsafe_b64decode(told.encode()).decode()
        over = float(until) < now
    except (ValueError, binascii.Error):
        return None
    entry = entries.get(name)
    if entry is None or over:
        return None
    return name if hmac.compare_digest(signature, _signature(name, until, entry)) else None


def _signature(name: str, until: str, entry: str) -> str:
    key = hashlib.sha256(f"session {entry}".encode()).digest()
    return hmac.new(key, f"{name} {until}".encode(), hashlib.sha256).hexdigest()
