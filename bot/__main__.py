"""`python -m bot`: the Discord bot, which takes orders, dispatches them and delivers clips."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys

from bot.discord_ui.connection import DiscordConnection, DiscordRefused
from bot.discord_ui.requester import FRONT_END
from bot.i18n import Translations
from bot.service import check_login, explain, open_service
from bot.settings import BotSettings
from storage.catalogue_file import CatalogueError
from storage.domain.errors import Unavailable
from storage.logs import set_up_logging
from storage.settings import LogSettings, SettingsError
from storage.tracing import set_up_tracing

log = logging.getLogger("bot")


async def run(settings: BotSettings) -> None:
    """Work until cancelled."""
    settings.offered()  # a fault in it is reported before anything is opened
    await check_login(settings)
    discord = DiscordConnection(Translations.load(settings.default_locale), settings)
    async with open_service(
        settings,
        metrics_port=settings.metrics_port,
        gateway_ready=lambda: discord.ready,
        traffic=discord.traffic,
        front=FRONT_END,
        operators=settings.operators.split(),
        retention=settings.retention(settings.grace_days),
    ) as service:
        dispatching = asyncio.create_task(service.run())  # whether Discord is there or not
        try:
            await discord.run(service.studio)
        finally:
            dispatching.cancel()
            await asyncio.gather(dispatching, return_exceptions=True)


async def run_until_signal(settings: BotSettings) -> None:
    """Work until SIGTERM or SIGINT."""
    work = asyncio.create_task(run(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


def main() -> int:
    """Run the bot; the exit status is 2 where trying again cannot help, 1 where it may."""
    try:
        logs = LogSettings.from_environment(os.environ)
        set_up_logging(logs.log_format, logs.log_level)
        settings = BotSettings.from_environment(os.environ)
        set_up_tracing(settings.otel_exporter_otlp_endpoint, "mutoscope-bot")
        asyncio.run(run_until_signal(settings))
    except (SettingsError, CatalogueError, DiscordRefused) as error:
        log.error("%s", error)
        return 2
    except Unavailable as error:
        facts = explain(error, settings)
        log.error("%s", Translations.load().text("en", f"operator_{error.key}", **facts))
        return 1
    except OSError as error:  # the metrics' port is taken
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
