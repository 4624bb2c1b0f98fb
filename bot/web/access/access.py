"""Tells who sent a request, and refuses to serve everybody without asking who they are."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Protocol

from starlette.requests import Request

from bot.settings import WebSettings
from bot.web.access.logins import Logins
from bot.web.access.session import COOKIE, read_session
from storage.domain.text import printable
from storage.settings import SettingsError

LOCAL = "web"
"""The owner of what is ordered at this machine where nobody logs in."""
LONGEST_NAME = 90
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Access(Protocol):
    """Tells persons apart."""

    def owner_of(self, request: Request) -> str | None:
        """Return the owner of what this request orders, None for nobody who may order."""


@dataclass(frozen=True, slots=True)
class LocalAccess:
    """Everybody at this machine is one person; nobody else may come, by whatever name or proxy."""

    def owner_of(self, request: Request) -> str | None:
        """Return the one owner, unless another site or a proxy leads here."""
        host = re.sub(r":\d+$", "", request.headers.get("host", ""))
        if any(name in request.headers for name in FORWARDED):
            return None
        return LOCAL if is_loopback(host.removeprefix("[").removesuffix("]")) else None


@dataclass(frozen=True, slots=True)
class LoginAccess:
    """Persons have a name and a password in a file."""

    logins: Logins

    def owner_of(self, request: Request) -> str | None:
        """Return who has logged in."""
        value = request.cookies.get(COOKIE, "")
        name = read_session(value, self.logins.current(), time.time()) if value else None
        return None if name is None else f"{LOCAL}:{name}"


@dataclass(frozen=True, slots=True)
class ProxyAccess:
    """A reverse proxy names the person in a header; no other sender is believed."""

    header: str
    proxies: tuple[str, ...]

    def owner_of(self, request: Request) -> str | None:
        """Return whom the proxy names."""
        sender = request.client.host if request.client else ""
        values = request.headers.getlist(self.header)
        if len(values) != 1 or not self._is_trusted(sender):
            return None  # of two, one may be what the person sent
        try:
            name = values[0].encode("latin-1").decode().strip()
        except UnicodeDecodeError:
            return None
        known = 0 < len(name) <= LONGEST_NAME and name.isprintable()
        return f"{LOCAL}:{name}" if known else None

    def _is_trusted(self, sender: str) -> bool:
        try:
            address = ip_address(sender)
        except ValueError:
            return False
        return any(address in ip_network(one, strict=False) for one in self.proxies)


def open_access(settings: WebSettings) -> Access:
    """Return how persons are told apart; raise SettingsError where they could not be."""
    proxies = tuple(settings.web_trusted_proxies.split())
    if settings.web_user_header:
        if settings.web_logins is not None:
            raise SettingsError("WEB_LOGINS and WEB_USER_HEADER: set one of them")
        if not proxies:
            raise SettingsError(
                "WEB_USER_HEADER is set: WEB_TRUSTED_PROXIES has to say whose header is believed"
            )
        return ProxyAccess(settings.web_user_header, proxies)
    if settings.web_logins is not None:
        logins = Logins(settings.web_logins)
        if not logins.entries():
            raise SettingsError(
                f"WEB_LOGINS={printable(settings.web_logins)} has no login yet:"
                " mutoscope web --add-login NAME"
            )
        return LoginAccess(logins)
    if not is_loopback(settings.web_host):
        raise SettingsError(
            f"WEB_HOST={printable(settings.web_host)} is reached from elsewhere: set WEB_LOGINS"
            " or WEB_USER_HEADER, so that persons are told apart, or listen on 127.0.0.1"
        )
    return LocalAccess()


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
