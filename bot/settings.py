"""Settings: what the bot alone needs, read once from the environment.

DISCORD_TOKEN, DISCORD_GUILD, DISCORD_API_URL, DISCORD_GATEWAY_URL, METRICS_PORT and PING_AFTER;
the rest is storage.settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.settings import Settings, SettingsError

PING_AFTER = 120.0


@dataclass(frozen=True, slots=True)
class BotSettings:
    """How the bot reaches Discord and is watched.

    guild, where not 0, is the one server whose commands are synced at once. api_url and
    gateway_url, where not empty, stand for Discord's own. metrics_port None serves no metrics, 0
    lets the system choose. ping_after is how many seconds a clip may take before its owner is
    called by a message of its own when it is there.
    """

    token: str
    storage: Settings
    guild: int = 0
    api_url: str = ""
    gateway_url: str = ""
    metrics_port: int | None = None
    ping_after: float = PING_AFTER

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> BotSettings:
        """Read the settings; an empty variable counts as one that is not set."""
        token = (environ.get("DISCORD_TOKEN") or "").strip()
        if not token:
            raise SettingsError(
                "DISCORD_TOKEN is not set; get one at https://discord.com/developers/applications"
            )
        port = environ.get("METRICS_PORT")
        return cls(
            token=token,
            storage=Settings.from_environment(environ),
            guild=int(_number(environ, "DISCORD_GUILD", 0)),
            api_url=(environ.get("DISCORD_API_URL") or "").rstrip("/"),
            gateway_url=environ.get("DISCORD_GATEWAY_URL") or "",
            metrics_port=int(_number(environ, "METRICS_PORT", 0)) if port else None,
            ping_after=_number(environ, "PING_AFTER", PING_AFTER),
        )


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name) or ""
    if not text:
        return default
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise SettingsError(f"{name}={text} is not a number") from None
