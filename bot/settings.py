"""What the bot reads from the environment beside storage.settings."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from bot.i18n import LOCALES
from storage.domain.privacy.retention import RetentionRules
from storage.settings import FullPath, Port, Seconds, Settings, Url


def _token(token: str) -> str:
    if not re.fullmatch(r"[!-~]+", token) or token[0] in "\"'":
        raise ValueError("a token has no spaces, quotes or other letters; copy it again")
    return token


def _locale(name: str) -> str:
    if name.partition("-")[0] not in {one.partition("-")[0] for one in LOCALES}:
        raise ValueError(f"no such language; there are {', '.join(LOCALES)}")
    return name


def _user_ids(text: str) -> str:
    if not all(re.fullmatch(r"[1-9][0-9]{0,19}", one) for one in text.split()):
        raise ValueError("write people's Discord ids, with spaces between")
    return text


def _address(*schemes: str) -> AfterValidator:
    """Return a check that a URL, where it is not empty, has a scheme, a host and a valid port."""

    def check(url: str) -> str:
        try:
            parts = urlsplit(url)
            readable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:  # its message may show what is secret
            readable = False
        if url and not readable:
            raise ValueError(f"not an address that begins with {' or '.join(schemes)}://")
        return url.rstrip("/")

    return AfterValidator(check)


def _host(name: str) -> str:
    if not re.fullmatch(r"[\w.:-]+", name, re.ASCII):
        raise ValueError("write a name or an address of this machine, without a port")
    return name


def _header(name: str) -> str:
    if not re.fullmatch(r"[\w-]*", name, re.ASCII):
        raise ValueError("write the name of an HTTP header, such as X-Remote-User")
    return name.lower()


def _networks(text: str) -> str:
    for one in text.split():
        try:
            ip_network(one, strict=False)
        except ValueError:
            raise ValueError(
                "write addresses or networks, such as 10.0.0.7 172.16.0.0/12, with spaces between"
            ) from None
    return text


class KeepingSettings(Settings):
    """For how long what is ordered is kept, and where the operator says so.

    privacy_policy_url, where not empty, is the operator's policy, which people are shown.
    retention_days is for how long an order is kept after its end, 0 for always. blob_limit is how
    many GiB the blob store may hold before the oldest orders are deleted, 0 for any. audit_days is
    for how many days records of the audit log are kept, 0 for always.
    """

    privacy_policy_url: Annotated[Url, _address("http", "https")] = ""
    retention_days: Annotated[int, Field(ge=0, le=36500)] = 0
    blob_limit: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    audit_days: Annotated[int, Field(ge=0, le=36500)] = 365

    def retention(self, grace_days: float = 0.0) -> RetentionRules:
        """Return the rules, with a grace time for what is gone from a chat, and for its records."""
        most_bytes = int(self.blob_limit * 2**30)
        return RetentionRules(self.retention_days, most_bytes, grace_days, self.audit_days)


class WebSettings(KeepingSettings):
    """Where the page listens, and how it tells persons apart.

    web_logins is the file of names and passwords, None for no login. web_user_header is the header
    in which a reverse proxy names the person, empty for none; only senders among
    web_trusted_proxies (addresses or networks, with spaces between) are believed. metrics_port None
    serves neither metrics nor the page's health, 0 lets the system choose.
    """

    web_host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    web_port: Port = 7860
    web_logins: FullPath | None = None
    web_user_header: Annotated[str, AfterValidator(_header)] = ""
    web_trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    metrics_port: Port | None = None


class BotSettings(KeepingSettings):
    """How the bot reaches Discord and is watched.

    discord_guild, where not 0, is the one server that has the commands.
    discord_api_url and discord_gateway_url, where not empty, replace Discord's own. metrics_port
    None serves no metrics, 0 lets the system choose. ping_after is how many seconds a clip may
    take before its owner is pinged when it is there. operators are the Discord ids of the people
    who decide for the whole service, with spaces between. grace_days is how long the data of a
    deleted message, a member who left or a server without the bot is kept. members_intent asks for
    Discord's privileged intent, by which it tells who leaves.
    """

    discord_token: Annotated[str, AfterValidator(_token)] = Field(
        description="get one at https://discord.com/developers/applications", repr=False
    )
    discord_guild: Annotated[int, Field(ge=0, lt=2**63)] = 0
    discord_api_url: Annotated[Url, _address("http", "https")] = ""
    discord_gateway_url: Annotated[Url, _address("ws", "wss")] = ""
    default_locale: Annotated[str, AfterValidator(_locale)] = "en"
    metrics_port: Port | None = None
    ping_after: Seconds = 120.0
    grace_days: Annotated[float, Field(ge=0, le=365)] = 7.0
    members_intent: bool = False
    operators: Annotated[str, AfterValidator(_user_ids)] = ""
