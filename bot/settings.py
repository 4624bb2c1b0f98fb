"""What the bot reads from the environment beside storage.settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from storage.settings import Port, Seconds, Settings


class BotSettings(Settings):
    """How the bot reaches Discord and is watched.

    discord_guild, where not 0, is the one server whose commands are synced at once.
    discord_api_url and discord_gateway_url, where not empty, replace Discord's own. metrics_port
    None serves no metrics, 0 lets the system choose. ping_after is how many seconds a clip may
    take before its owner is pinged when it is there.
    """

    discord_token: str = Field(
        description="get one at https://discord.com/developers/applications", repr=False
    )
    discord_guild: int = 0
    discord_api_url: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] = ""
    discord_gateway_url: str = ""
    metrics_port: Port | None = None
    ping_after: Seconds = 120.0
