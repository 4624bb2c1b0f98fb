"""The file of logins: one line for each person, with a salted hash of the password."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from storage.domain.text import printable
from storage.settings import SettingsError

NAME = re.compile(r"[\w.@+-]{1,64}")
COST = 2**14  # of scrypt: about 50 ms
MEMORY = 64 * 2**20  # bytes that one hash may take
MOST_FAILURES = 20
"""Wrong passwords for one name, after which only a restart or another name helps."""


@dataclass
class Logins:
    """The logins in a file, which is read anew whenever it has changed."""

    path: Path
    _entries: dict[str, str] = field(default_factory=dict)
    _read_at: tuple[int, int] = (0, 0)
    _failures: Counter[str] = field(default_factory=Counter)
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def entries(self) -> dict[str, str]:
        """Return `salt:hash` by name; raise SettingsError where the file cannot be used."""
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp != self._read_at:
                self._entries = _parsed(self.path.read_text("utf-8"), self.path)
                self._read_at = stamp
        except OSError as error:
            raise SettingsError(f"WEB_LOGINS={printable(self.path)}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"WEB_LOGINS={printable(self.path)}: it is no text") from error
        return self._entries

    async def check(self, name: str, password: str) -> bool:
        """Tell whether this is the person's password; one is checked at a time."""
        entry = self.entries().get(name)
        if entry is None or self._failures[name] >= MOST_FAILURES:
            return False
        salt, _, expected = entry.partition(":")
        async with self._checking:
            found = await asyncio.to_thread(_hash, password, bytes.fromhex(salt))
        right = hmac.compare_digest(found, expected)
        if not right:
            self._failures[name] += 1
        else:
            del self._failures[name]
        return right


def add_login(path: Path, name: str, password: str) -> None:
    """Write a person's password into the file, in place of an earlier one; raise SettingsError."""
    if not NAME.fullmatch(name):
        raise SettingsError(f"the name {printable(name)} has letters that a login cannot have")
    entries = Logins(path).entries() if path.exists() else {}
    salt = secrets.token_bytes(16)
    entries = entries | {name: f"{salt.hex()}:{_hash(password, salt)}"}
    lines = "".join(f"{one}:{entry}\n" for one, entry in sorted(entries.items()))
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)
        temporary.replace(path)
    except OSError as error:
        raise SettingsError(f"WEB_LOGINS={printable(path)}: {error.strerror}") from error


def _parsed(text: str, path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, entry = line.strip().partition(":")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not NAME.fullmatch(name) or not re.fullmatch(r"[0-9a-f]{32}:[0-9a-f]{128}", entry):
            raise SettingsError(
                f"WEB_LOGINS={printable(path)}: line {number} is none that"
                " `mutoscope web --add-login NAME` wrote"
            )
        found[name] = entry
    return found


def _hash(password: str, salt: bytes) -> str:
    key = hashlib.scrypt(password.encode(), salt=salt, n=COST, r=8, p=1, maxmem=MEMORY)
    return key.hex()
