"""The service against the real Discord: bot and worker, restarted when one crashes."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Mapping

from deploy.local.stack.child_process import ChildProcess, python
from deploy.local.stack.process_group import ProcessGroup
from deploy.local.stack.redis_server import RedisStartError
from deploy.local.stack.waiting import first_completed, wait_for_stop_signal
from storage.logs import set_up_logging
from storage.settings import LogSettings, Settings, SettingsError

log = logging.getLogger("service")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
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


async def serve(environ: Mapping[str, str]) -> int:
    """Keep bot and worker running until a stop signal; return the exit status."""
    async with ProcessGroup(environ, logs=None) as group:
        if not environ.get("REDIS_URL", "").strip():
            group.start_redis(Settings.from_environment(environ).mutoscope_home / "redis")
        running = [keep_running(name, MODULES[name], group.environ) for name in MODULES]
        try:
            await first_completed(*running, wait_for_stop_signal())
        except WrongSettings as error:
            log.error("%s", error)
            return WRONG_SETTINGS
        return 0


def main(arguments: list[str] | None = None) -> int:
    """Run bot and worker against the real Discord."""
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
