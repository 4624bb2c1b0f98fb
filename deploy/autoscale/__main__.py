"""Starts workers on this machine while there is work, as KEDA does in a cluster.

The bot says on its metrics port how many it wants; each worker ends by itself once it has been
idle. In a cluster the chart does the same. Settings of the workers come from the environment.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from deploy.autoscale.controller import POLL_SECONDS, WorkerRun, WorkerScaler
from deploy.local.stack.child_process import ProcessExited
from deploy.local.stack.waiting import wait_for_stop_signal
from storage.logs import set_up_logging
from storage.settings import LogSettings, SettingsError
from storage.tasks import first_completed

log = logging.getLogger("autoscale")

URL = "http://127.0.0.1:9100/workers/wanted"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.autoscale", description=__doc__)
    add = parser.add_argument
    add("--local", action="store_true", required=True, help="start processes of this machine")
    add("--url", default=URL, help=f"the bot's /workers/wanted (default: {URL})")
    add("--model", help="the model that they serve, as MODEL (default: all that is wanted)")
    add("--most", type=int, default=1, help="workers at a time (default: 1)")
    add("--idle-seconds", type=float, help="how long an idle worker stays (default: as advised)")
    add("--poll-seconds", type=float, default=POLL_SECONDS)
    add("--logs", type=Path, help="folder of the workers' logs (default: this terminal)")
    return parser.parse_args(arguments)


async def scale(options: argparse.Namespace) -> int:
    """Scale until a stop signal; return the exit status."""
    scaler = WorkerScaler(
        options.url,
        os.environ,
        options.logs,
        model=options.model,
        most=options.most,
        idle_seconds=options.idle_seconds,
        poll_seconds=options.poll_seconds,
        on_change=_log_change,
    )
    try:
        await first_completed(scaler.run(), wait_for_stop_signal())
    except ProcessExited as error:
        log.error("%s", error)
        return 1
    seconds = sum(run.seconds for run in scaler.runs)
    log.info("%d workers ran for %.1f s in all", len(scaler.runs), seconds)
    return 0


def _log_change(run: WorkerRun) -> None:
    if run.ended is None:
        log.info("%s is started", run.name)
    else:
        log.info("%s has ended after %.1f s", run.name, run.seconds)


def main(arguments: list[str] | None = None) -> int:
    """Scale workers; return the exit status."""
    options = parse(arguments)
    try:
        logs = LogSettings.from_environment(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    set_up_logging(logs.log_format, logs.log_level)
    return asyncio.run(scale(options))


if __name__ == "__main__":
    sys.exit(main())
