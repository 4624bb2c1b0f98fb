"""`mutoscope animate`, `imagine`, `finish` and others: make clips and write them to a folder."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from bot.cli.invocation import Invocation
from bot.cli.local_user import UNLIMITED
from bot.cli.orders.change_plan import plan_changes
from bot.cli.orders.order_plan import Planned, plan, plan_extension, plan_imagined
from bot.cli.output_folder import prepare
from bot.cli.progress_bar import ProgressBar
from bot.cli.run import ClipRun
from bot.cli.sidecar import SidecarFailed, open_sidecar
from bot.service import open_service
from storage.domain.errors import BadRequest
from storage.domain.text import printable
from storage.tasks import first_completed

Plan: TypeAlias = Callable[[Invocation], tuple[Sequence[Planned], list[str]]]
"""Returns what to order, and a message for every clip that cannot be made; raises BadRequest."""

ALL_MADE, SOME_FAILED, WRONG_INPUT, STOPPED = 0, 1, 2, 130


async def animate(invocation: Invocation) -> int:
    """Make clips of pictures; return the exit status."""
    return await make(invocation, plan)


async def extend(invocation: Invocation) -> int:
    """Go on from a clip that is there; return the exit status."""
    return await make(invocation, plan_extension)


async def imagine(invocation: Invocation) -> int:
    """Make a clip of a picture that is made from a prompt; return the exit status."""
    return await make(invocation, plan_imagined)


async def finish(invocation: Invocation) -> int:
    """Change clips that are there as files; return the exit status."""
    return await make(invocation, plan_changes)


async def make(invocation: Invocation, planned: Plan) -> int:
    """Make the clips that are planned; return the exit status."""
    settings, text, out = invocation.settings, invocation.text, invocation.arguments.out
    try:
        clips, faults = planned(invocation)
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
    model = await clips[0].model(invocation)  # all clips of a command have one
    worker = invocation.worker_environ(model)
    try:
        async with (
            open_sidecar(settings.redis_url, worker, model) as sidecar,
            open_service(
                settings.model_copy(update={"redis_url": sidecar.redis_url}), UNLIMITED
            ) as service,
        ):
            bar = ProgressBar(len(clips), sys.stderr)
            run = ClipRun(service.studio, invocation, bar, served=model)
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            work = run.make(clips), service.run(), sidecar.wait_until_failed()
            try:
                stopped = await first_completed(*work, stop.wait())
            finally:
                cancelled = await run.cancel()
            if stopped:
                _print(text("cli_stopped", count=cancelled))
            _print(text("cli_summary", made=run.made, total=len(clips) + len(faults)))
    except SidecarFailed as error:
        _print(text("cli_backstage", reason=error))
        return SOME_FAILED
    if stopped:
        return STOPPED
    return SOME_FAILED if run.failed or faults else ALL_MADE


def _print(line: str) -> None:
    """Print a line to standard error, which leaves standard output to pipes."""
    print(line, file=sys.stderr, flush=True)
