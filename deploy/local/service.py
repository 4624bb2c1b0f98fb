"""The service for real: bot and worker against Discord, started again when one crashes."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.stack.child_process import Child, python
from deploy.local.stack.redis_server import start_redis
from deploy.local.stack.stopping import until_told_to_stop
from storage.settings import Settings, SettingsError

log = logging.getLogger("service")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY = 60.0
"""A part that ran so many seconds starts again after the first pause."""
WRONG_SETTINGS = 2
"""The exit status of a part that would only fail again; nobody restarts it."""

HOW_TO_BEGIN = """DISCORD_TOKEN is not set, so there is no Discord to connect to.

  1. Make an application at https://discord.com/developers/applications and copy its bot's token.
  2. Invite it with the scopes `bot` and `applications.commands` (the README has the link).
  3. DISCORD_TOKEN=... make run

To see everything work without an account: make demo"""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the service, by its name and module."""

    name: str
    module: str


PARTS = (Part("bot", "bot"), Part("worker", "gpu_worker"))


class GaveUp(Exception):
    """Say which part cannot run with these settings."""


async def keep_running(part: Part, environ: Mapping[str, str]) -> None:
    """Run a part for ever, with a longer pause after each crash; stop it when cancelled."""
    pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
    while True:
        began = loop.time()
        child = await Child.start(part.name, python(part.module), environ, log=None)
        try:
            status = await child.process.wait()
        finally:
            await child.stop()
        if status == WRONG_SETTINGS:
            raise GaveUp(f"{part.name} cannot run with these settings (see above)")
        if loop.time() - began > STEADY:
            pause = FIRST_PAUSE
        log.warning("%s ended with status %s; again in %.0f s", part.name, status, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def serve(environ: Mapping[str, str], parts: tuple[Part, ...] = PARTS) -> int:
    """Keep the parts running until told to stop; return the exit status."""
    redis = None
    if not environ.get("REDIS_URL"):
        redis = start_redis(Settings.from_environment(environ).mutoscope_home / "redis")
        environ = {**environ, "REDIS_URL": redis.url}
    tasks = [asyncio.create_task(keep_running(part, environ)) for part in parts]
    told = asyncio.create_task(until_told_to_stop())
    try:
        done, _ = await asyncio.wait([told, *tasks], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in tasks if task in done]
        for task in failed:
            log.error("%s", task.exception())
        return WRONG_SETTINGS if failed else 0
    finally:
        for task in (told, *tasks):
            task.cancel()
        await asyncio.gather(told, *tasks, return_exceptions=True)
        if redis is not None:
            redis.stop()


def main(words: list[str] | None = None) -> int:
    """Run bot and worker against the real Discord."""
    argparse.ArgumentParser(prog="deploy.local.service", description=__doc__).parse_args(words)
    if not os.environ.get("DISCORD_TOKEN", "").strip():
        print(HOW_TO_BEGIN, file=sys.stderr)
        return WRONG_SETTINGS
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    try:
        return asyncio.run(serve(dict(os.environ)))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_SETTINGS


if __name__ == "__main__":
    sys.exit(main())
