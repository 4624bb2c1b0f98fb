"""The service against the real Discord: bot, worker and Redis, restarted when one crashes."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from deploy.local.stack.child_process import ChildProcess, python
from deploy.local.stack.process_group import ProcessGroup
from deploy.local.stack.redis_server import RedisStartError
from deploy.local.stack.waiting import wait_for_stop_signal
from storage.logs import set_up_logging
from storage.settings import LogSettings, Settings, SettingsError
from storage.tasks import first_completed

log = logging.getLogger("service")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
POLL_SECONDS = 0.5  # between looks whether Redis still runs
STEADY_SECONDS = 60.0
"""After a run of this length the next pause is the first one again."""
WRONG_SETTINGS = 2
"""The exit status of a process that would only fail again; it is not restarted."""

HOW_TO_BEGIN = """DISCORD_TOKEN is not set, so there is no Discord to connect to.

  1. Make an application at https://discord.com/developers/applications and copy its bot's token.
  2. Invite it with the scopes `bot` and `applications.commands` (the README has the link).
  3. DISCORD_TOKEN=... make run

To see everything work without an account: make demo"""

MODULES = {"bot": "bot", "worker": "gpu_worker"}


class WrongSettings(Exception):
    """A process cannot run with these settings; the message names it."""


async def keep_running(name: str, module: str, environ: Mapping[str, str]) -> None:
    """Run a module for ever, with a longer pause after each crash; stop it when cancelled."""
    pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
    while True:
        began = loop.time()
        child = await ChildProcess.start(name, python(module), environ, log=None)
        try:
            status = await child.process.wait()
        finally:
            await child.stop()
        if status == WRONG_SETTINGS:
            raise WrongSettings(f"{name} cannot run with these settings (see above)")
        if loop.time() - began > STEADY_SECONDS:
            pause = FIRST_PAUSE
        log.warning("%s ended with status %s; again in %.0f s", name, status, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def keep_redis_running(group: ProcessGroup, folder: Path) -> None:
    """Start Redis again for ever when it has ended; raise RedisStartError where it cannot."""
    pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
    while True:
        began, server = loop.time(), group.redis
        # It was started without the event loop, which cannot wait for it.
        while server is not None and server.process.poll() is None:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        if loop.time() - began > STEADY_SECONDS:
            pause = FIRST_PAUSE
        status = server.process.returncode if server is not None else None
        log.warning("redis ended with status %s; again in %.0f s", status, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
        group.redis = None
        group.start_redis(folder)


async def serve(environ: Mapping[str, str]) -> int:
    """Keep all processes running until a stop signal; return the exit status."""
    async with ProcessGroup(environ, logs=None) as group:
        watches: list[Coroutine[Any, Any, None]] = []
        try:
            if not environ.get("REDIS_URL", "").strip():
                folder = Settings.from_environment(environ).mutoscope_home / "redis"
                group.start_redis(folder)
                watches.append(keep_redis_running(group, folder))
            watches += [keep_running(name, MODULES[name], group.environ) for name in MODULES]
            await first_completed(*watches, wait_for_stop_signal())
        except WrongSettings as error:
            log.error("%s", error)
            return WRONG_SETTINGS
        except RedisStartError as error:
            log.error("redis cannot be started: %s", str(error).strip().rpartition("\n")[2])
            return 1
        return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the service against the real Discord."""
    parser = argparse.ArgumentParser(prog="deploy.local.service", description=__doc__)
    parser.parse_args(arguments)
    if not os.environ.get("DISCORD_TOKEN", "").strip():
        print(HOW_TO_BEGIN, file=sys.stderr)
        return WRONG_SETTINGS
    try:
        logs = LogSettings.from_environment(os.environ)
        set_up_logging(logs.log_format, logs.log_level)
        return asyncio.run(serve(dict(os.environ)))
    except SettingsError as error:
        log.error("%s", error)
        return WRONG_SETTINGS
    except (OSError, RedisStartError) as error:
        log.error("Redis cannot be started: %s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
