"""The file of logins: one line for each person, with a salted hash of the password."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from bot.web.access.attempts import Attempts
from storage.domain.text import printable
from storage.settings import SettingsError

NAME = re.compile(r"[\w.@+-]{1,64}")
COST = 2**14  # of scrypt: about 50 ms
MEMORY = 64 * 2**20  # bytes that one hash may take
UNKNOWN = f"{bytes(16).hex()}:"
"""Hashed in place of an entry for a name that has none, so that the time does not tell which do."""

log = logging.getLogger(__name__)


@dataclass
class Logins:
    """The logins in a file, which is read anew whenever it has changed."""

    path: Path
    attempts: Attempts = field(default_factory=Attempts)
    _entries: dict[str, str] = field(default_factory=dict)
    _read_at: tuple[int, int] = (0, 0)
    _problem: str = ""
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def entries(self) -> dict[str, str]:
        """Return `salt:hash` by name; raise SettingsError where the file cannot be used."""
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp != self._read_at:
                if not stat.S_ISREG(found.st_mode):
                    raise SettingsError(f"WEB_LOGINS={printable(self.path)}: it is no file")
                self._entries = _parsed(self.path.read_text("utf-8"), self.path)
                self._read_at = stamp
        except OSError as error:
            raise SettingsError(f"WEB_LOGINS={printable(self.path)}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"WEB_LOGINS={printable(self.path)}: it is no text") from error
        return self._entries

    def current(self) -> dict[str, str]:
        """Return the entries; while the file cannot be used, those of before, and log why."""
        try:
            self.entries()
            self._problem = ""
        except SettingsError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                log.error("the logins are kept as they were: %s", error)
        return self._entries

    async def check(self, name: str, password: str, sender: str = "") -> str | None:
        """Return the entry whose name and password these are, None where one is wrong.

        One password is looked at at a time. Raise TooManyAttempts where it is not looked at.
        """
        self.attempts.admit(sender, name)
        with self.attempts.waiting(sender):
            async with self._checking:
                self.attempts.admit(sender, name)  # others may have failed meanwhile
                entry = self.current().get(name)
                salt, _, expected = (entry or UNKNOWN).partition(":")
                found = await asyncio.to_thread(_hash, password, bytes.fromhex(salt))
                if hmac.compare_digest(found, expected):
                    self.attempts.succeeded(sender, name)
                    return entry
                self.attempts.failed(sender, name)
                return None


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
