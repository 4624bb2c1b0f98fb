"""`python -m bot`: connects to Discord, takes orders, feeds the workers and brings the clips."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys

import discord

from bot.discord_ui.frontend import open_client, open_delivery, point_at
from bot.dispatch.dispatcher import Dispatcher
from bot.i18n import Words
from bot.metrics import BotMetrics
from bot.settings import BotSettings
from bot.studio.events import EventBus
from bot.studio.studio import Studio
from storage.blobs import Blobs
from storage.catalogue_file import CatalogueError
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.errors import Unavailable
from storage.queue.client import Queue
from storage.settings import SettingsError

log = logging.getLogger("bot")


async def run(settings: BotSettings) -> None:
    """Work until cancelled."""
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    catalogue = settings.catalogue()
    settings.mutoscope_home.mkdir(parents=True, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        engine = await open_database(settings.database_url)
        stack.push_async_callback(engine.dispose)
        queue = await Queue.connect(settings.redis_url)
        stack.push_async_callback(queue.close)
        jobs, events = Jobs(engine, catalogue), EventBus()
        blobs = Blobs.open(settings.blob_url)
        studio = Studio(
            jobs,
            blobs,
            queue,
            catalogue,
            settings.hardware(catalogue),
            events,
        )
        stack.callback(studio.close)
        if settings.metrics_port is not None:
            metrics = BotMetrics(jobs, queue)
            runner = await metrics.serve(settings.metrics_port)
            stack.push_async_callback(runner.cleanup)
            log.info("metrics: http://127.0.0.1:%d/metrics", runner.addresses[0][1])
            counting = asyncio.create_task(metrics.listen(studio.subscribe()))
            stack.callback(counting.cancel)
        client = open_client(studio, Words.load(settings.default_locale), settings.discord_guild)
        await stack.enter_async_context(client)
        await client.login(settings.discord_token)
        async with asyncio.TaskGroup() as group:
            group.create_task(Dispatcher(jobs, blobs, queue, events).run())
            group.create_task(client.connect())
            group.create_task(open_delivery(client, settings.ping_after).run())


async def until_told(settings: BotSettings) -> None:
    """Work until SIGTERM or SIGINT."""
    work = asyncio.create_task(run(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


def main() -> int:
    """Run the bot; the exit code is 2 where it could not be started as told."""
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        asyncio.run(until_told(BotSettings.from_environment(os.environ)))
    except (SettingsError, CatalogueError) as error:
        print(f"bot: {error}", file=sys.stderr)
        return 2
    except discord.LoginFailure:
        print("bot: Discord refuses DISCORD_TOKEN; make a new one and set it", file=sys.stderr)
        return 2
    except Unavailable as error:
        print(f"bot: {Words.load().error('en', error)} ({error.__cause__})", file=sys.stderr)
        return 1
    except OSError as error:  # no way to Discord, or the metrics' port is taken
        print(f"bot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
