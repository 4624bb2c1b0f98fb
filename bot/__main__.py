"""`python -m bot`: the Discord bot, which takes orders, dispatches them and delivers clips."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys

from bot.discord_ui.frontend import LoginRefused, logged_in, open_delivery
from bot.i18n import Translations
from bot.service import check_login, explain, open_service
from bot.settings import BotSettings
from storage.catalogue_file import CatalogueError
from storage.domain.errors import Unavailable
from storage.logs import set_up_logging
from storage.settings import LogSettings, SettingsError

log = logging.getLogger("bot")


async def run(settings: BotSettings) -> None:
    """Work until cancelled."""
    texts = Translations.load(settings.default_locale)
    await check_login(settings)
    async with (
        open_service(settings, metrics_port=settings.metrics_port) as service,
        logged_in(service.studio, texts, settings) as client,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(service.run())
        group.create_task(client.connect())
        group.create_task(open_delivery(client, settings.ping_after).run())


async def run_until_signal(settings: BotSettings) -> None:
    """Work until SIGTERM or SIGINT."""
    work = asyncio.create_task(run(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


def main() -> int:
    """Run the bot; the exit status is 2 where a setting is wrong, 1 where something is away."""
    try:
        logs = LogSettings.from_environment(os.environ)
        set_up_logging(logs.log_format, logs.log_level)
        settings = BotSettings.from_environment(os.environ)
        asyncio.run(run_until_signal(settings))
    except (SettingsError, CatalogueError, LoginRefused) as error:
        log.error("%s", error)
        return 2
    except Unavailable as error:
        facts = explain(error, settings)
        log.error("%s", Translations.load().text("en", f"operator_{error.key}", **facts))
        return 1
    except OSError as error:  # Discord is unreachable, or the metrics' port is taken
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
