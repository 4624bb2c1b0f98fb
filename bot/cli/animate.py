"""`mutoscope animate`: makes clips from pictures and prompts, and writes them to a folder."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from bot.cli.invocation import Invocation
from bot.cli.local_user import UNLIMITED
from bot.cli.order_plan import plan
from bot.cli.output_folder import prepare
from bot.cli.progress_bar import ProgressBar
from bot.cli.run import ClipRun
from bot.cli.sidecar import SidecarFailed, open_sidecar
from bot.service import open_service
from storage.domain.errors import BadRequest
from storage.domain.text import printable

ALL_MADE, SOME_FAILED, WRONG_INPUT, STOPPED = 0, 1, 2, 130


async def animate(invocation: Invocation) -> int:
    """Make the clips; return the exit status."""
    settings, text, out = invocation.settings, invocation.text, invocation.arguments.out
    try:
        clips, faults = plan(invocation)
        for line in dict.fromkeys(faults):
            _print(line)
        if not clips:
            return WRONG_INPUT
        prepare(out)
    except BadRequest as error:
        _print(invocation.error(error))
        return WRONG_INPUT
    except OSError as error:
        _print(text("cli_out", folder=printable(out), reason=error.strerror))
        return WRONG_INPUT
    try:
        async with (
            open_sidecar(settings.redis_url, invocation.environ) as sidecar,
            open_service(
                settings.model_copy(update={"redis_url": sidecar.redis_url}), UNLIMITED
            ) as service,
        ):
            run = ClipRun(service.studio, invocation, ProgressBar(len(clips), sys.stderr))
            try:
                finished = await _finish(
                    run.make(clips), service.run(), sidecar.wait_until_failed()
                )
            finally:
                cancelled = await run.cancel()
            if not finished:
                _print(text("cli_stopped", count=cancelled))
            _print(text("cli_summary", made=run.made, total=len(clips) + len(faults)))
    except SidecarFailed as error:
        _print(text("cli_backstage", reason=error))
        return SOME_FAILED
    if not finished:
        return STOPPED
    return SOME_FAILED if run.failed or faults else ALL_MADE


async def _finish(
    work: Coroutine[None, None, None], *background: Coroutine[None, None, None]
) -> bool:
    """Run until the work is done (True) or Ctrl-C (False); raise what any of them raises."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    working, *others = [asyncio.ensure_future(one) for one in (work, *background)]
    stopping = asyncio.ensure_future(stop.wait())
    tasks: list[asyncio.Future[Any]] = [working, *others, stopping]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for done in (task for task in (working, *others) if task.done()):
            done.result()
        return working.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _print(line: str) -> None:
    """Print a line to standard error, which leaves standard output to pipes."""
    print(line, file=sys.stderr, flush=True)
