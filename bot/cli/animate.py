"""`mutoscope animate`: pictures and prompts in, clips in a folder out."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import replace

from bot.cli.local_stack import BackstageFailed, backstage
from bot.cli.order_plan import prepare
from bot.cli.progress_bar import Bar
from bot.cli.run import Run
from bot.cli.shop import open_shop
from bot.i18n import Words
from storage.settings import Settings

ALL_MADE, SOME_FAILED, WRONG_INPUT, STOPPED = 0, 1, 2, 130


async def animate(
    arguments: argparse.Namespace, environ: Mapping[str, str], words: Words, locale: str
) -> int:
    """Make the clips; return the exit status."""
    settings = Settings.from_environment(environ)
    wanted, wrong = prepare(arguments, settings, words, locale)
    for line in wrong:
        _tell(line)
    if wrong:
        return WRONG_INPUT
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        async with (
            backstage(settings.redis_url, environ) as behind,
            open_shop(replace(settings, redis_url=behind.url)) as shop,
        ):
            run = Run(shop, words, locale, arguments.out, Bar(len(wanted), sys.stderr))
            try:
                whole = await _unless_stopped(run.make(wanted), behind.until_it_fails())
            finally:
                cancelled = await run.cancel()
            if not whole:
                _tell(words.text(locale, "cli_stopped", count=cancelled))
            _tell(words.text(locale, "cli_summary", made=run.made, total=len(wanted)))
    except BackstageFailed as error:
        _tell(words.text(locale, "cli_backstage", reason=error))
        return SOME_FAILED
    if not whole:
        return STOPPED
    return SOME_FAILED if run.failed else ALL_MADE


async def _unless_stopped(
    work: Coroutine[None, None, None], failing: Coroutine[None, None, None]
) -> bool:
    """Tell whether the work came to its end before Ctrl-C; raise what made it fail."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    working, *others = tasks = [asyncio.ensure_future(one) for one in (work, failing, told.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in (working, others[0]):
            if task.done():
                task.result()
        return working.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell(line: str) -> None:
    """Print a line for the person, apart from what a pipe may want."""
    print(line, file=sys.stderr, flush=True)
