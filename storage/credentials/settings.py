"""How c2pa's library is used: it asks no server, and keeps no picture of what it reads."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
